import { tf, type Tensor } from '../tf'
import { definePlainKernel } from './define'
import { globalAveragePool, globalAveragePoolInput } from './pool'

// Distance of two feature maps by image and channel. One op instead of three: of a difference, its square and their
// gradients nothing is kept for a backward pass but the maps themselves.

type Maps = { a: Tensor; b: Tensor }

/** v [n, c] / (h w) in every pixel of a map. */
const everywhere = (v: Tensor, { shape }: Tensor): Tensor =>
  globalAveragePoolInput({ dy: v }, { xShape: shape })
const overPixels = (x: Tensor): Tensor => globalAveragePool({ x }, { xShape: x.shape })

/** Mean over positions of (a - b)^2 [n, c] for a, b [n, h, w, c]. */
export const mapDistance: (inputs: Maps) => Tensor = definePlainKernel({
  name: 'ThawMapDistance',
  save: ['a', 'b'],
  generic: ({ a, b }) => overPixels(tf.square(tf.sub(a!, b!))),
  gradient: (g, [a, b]) => ({
    a: () => scaled({ a: a!, b: b!, g }),
    b: () => scaled({ a: b!, b: a!, g }),
  }),
})

/** 2 / (h w) (a - b) g for g [n, c]: the gradient of `mapDistance` by a. */
const scaled: (inputs: Maps & { g: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawMapDistanceGradient',
  save: ['a', 'b', 'g'],
  generic: ({ a, b, g }) => tf.mul(tf.sub(a!, b!), everywhere(tf.mul(g!, 2), a!)),
  gradient: (h, [a, b, g]) => ({
    a: () => byMap(h, g!),
    b: () => tf.neg(byMap(h, g!)),
    g: () => against({ a: a!, b: b!, h }),
  }),
})

/** 2 / (h w) times the sum over positions of (a - b) h [n, c]. */
const against: (inputs: Maps & { h: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawMapDistanceAgainst',
  save: ['a', 'b', 'h'],
  generic: ({ a, b, h }) => tf.mul(overPixels(tf.mul(tf.sub(a!, b!), h!)), 2),
  gradient: (g, [a, b, h]) => ({
    a: () => byMap(h!, g),
    b: () => tf.neg(byMap(h!, g)),
    h: () => scaled({ a: a!, b: b!, g }),
  }),
})

const byMap = (h: Tensor, g: Tensor): Tensor => tf.mul(h, everywhere(tf.mul(g, 2), h))
