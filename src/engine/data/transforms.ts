import type { TransformSpec } from '../../spec/schema'
import type { RandomStream } from '../random'
import { parseColour } from './colour'
import type { Affine } from './resample'
import type { Rgb } from './types'

/** One draw of the augmentation. */
export interface TransformDraw {
  flip: boolean
  /** Degrees, clockwise on the screen. */
  rotate: number
  scale: number
  /** Shares of the side. */
  shiftX: number
  shiftY: number
}

export interface Transforms {
  spec: TransformSpec
  fill: Rgb
}

/** Undefined for `none`. */
export function createTransforms(spec: TransformSpec | 'none'): Transforms | undefined {
  return spec === 'none' ? undefined : { spec, fill: parseColour(spec.fill, 'data.transforms.fill') }
}

/** Always five numbers from the stream, so that a change of one range leaves the other draws alone. */
export function drawTransform(spec: TransformSpec, random: RandomStream): TransformDraw {
  const flip = random.uniform()
  const rotate = random.range(-spec.rotate, spec.rotate)
  const scale = random.range(spec.scale[0], spec.scale[1])
  const shiftX = random.range(-spec.shift, spec.shift)
  const shiftY = random.range(-spec.shift, spec.shift)
  return { flip: spec.flip && flip < 0.5, rotate, scale, shiftX, shiftY }
}

const quarterTurns: readonly (readonly [cos: number, sin: number])[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
]

function cosSin(degrees: number): readonly [number, number] {
  const turns = (((degrees % 360) + 360) % 360) / 90
  const angle = (degrees * Math.PI) / 180
  return Number.isInteger(turns) ? quarterTurns[turns]! : [Math.cos(angle), Math.sin(angle)]
}

/**
 * The image is mirrored, then scaled and turned about its centre, then shifted (the order of torchvision's
 * RandomHorizontalFlip and RandomAffine): out = t + s R F in. Returned is the inverse, from output to input pixel.
 */
export function affineOf(draw: TransformDraw, size: number): Affine {
  const [cos, sin] = cosSin(draw.rotate)
  const side = draw.flip ? -1 : 1
  const centre = (size - 1) / 2
  const fromX = centre + draw.shiftX * size
  const fromY = centre + draw.shiftY * size
  const a = (side * cos) / draw.scale
  const b = (side * sin) / draw.scale
  const d = -sin / draw.scale
  const e = cos / draw.scale
  return { a, b, c: centre - a * fromX - b * fromY, d, e, f: centre - d * fromX - e * fromY }
}
