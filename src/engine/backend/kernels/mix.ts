import { tf, type Tensor } from '../tf'
import { defineKernel, definePlainKernel } from './define'
import * as native from '../native/ops'
import * as wasm from '../wasm/forms'
import { spread } from './spread'

// Outputs of two branches put together by gates. A gate of exactly 0 or 1 selects: what the other branch holds there
// does not count, even if it is not finite.

/** Sum over all axes but the first and the last: [n, c]. */
const overPixels = (x: Tensor): Tensor => tf.sum(tf.reshape(x, [x.shape[0]!, -1, x.shape[x.rank - 1]!]), 1)

function between(a: Tensor, b: Tensor, gates: Tensor): Tensor {
  const g = spread(gates, a)
  const blend = tf.add(tf.mul(a, tf.sub(1, g)), tf.mul(b, g))
  // compared before they are spread: gates are few
  return tf.where(tf.equal(g, 0), a, tf.where(tf.equal(g, 1), b, blend))
}

/** a (1 - g) + b g for a, b [n, ..., c] and g [n, c]. */
export const mix: (inputs: { a: Tensor; b: Tensor; g: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawMix',
  wasm: wasm.mix,
  native: native.mix,
  save: ['a', 'b', 'g'],
  generic: ({ a, b, g }) => between(a!, b!, g!),
  gradient: (dy, [a, b, g]) => ({
    a: () => part({ dy, g: g! }, { second: false }),
    b: () => part({ dy, g: g! }, { second: true }),
    g: () => dot({ dy, a: a!, b: b! }),
  }),
})

/** dy g (`second`) or dy (1 - g). */
const part: (inputs: { dy: Tensor; g: Tensor }, attributes: { second: boolean }) => Tensor = defineKernel<{
  second: boolean
}>({
  name: 'ThawMixPart',
  wasm: wasm.mixPart,
  native: native.mixPart,
  save: ['dy', 'g'],
  generic: ({ dy, g }, { second }) => {
    const none = tf.zerosLike(dy!)
    return second ? between(none, dy!, g!) : between(dy!, none, g!)
  },
  gradient: (h, [dy, g], { second }) => ({
    dy: () => part({ dy: h, g: g! }, { second }),
    g: () => overPixels(tf.mul(tf.mul(h, dy!), second ? 1 : -1)),
  }),
}) as never

/** Sum of dy (b - a) over all axes but the first and the last: [n, c]. */
const dot: (inputs: { dy: Tensor; a: Tensor; b: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawMixDot',
  wasm: wasm.mixDot,
  save: ['dy', 'a', 'b'],
  generic: ({ dy, a, b }) => overPixels(tf.mul(dy!, tf.sub(b!, a!))),
  gradient: (h, [dy, a, b]) => ({
    dy: () => tf.mul(spread(h, dy!), tf.sub(b!, a!)),
    a: () => tf.neg(tf.mul(spread(h, dy!), dy!)),
    b: () => tf.mul(spread(h, dy!), dy!),
  }),
})
