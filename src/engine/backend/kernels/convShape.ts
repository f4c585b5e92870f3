import type { ConvAttributes, Padding } from '../types'

export type Pads = readonly [top: number, bottom: number, left: number, right: number]

/**
 * Padding in pixels. `same` is TensorFlow's: output = ceil(input / stride), the odd pixel below and to the right.
 */
export function resolvePadding(
  padding: Padding,
  input: readonly [height: number, width: number],
  window: readonly [height: number, width: number],
  strides: readonly [number, number],
  dilations: readonly [number, number] = [1, 1],
): Pads {
  if (padding === 'valid') return [0, 0, 0, 0]
  if (padding !== 'same') return padding
  const along = (i: 0 | 1) => {
    const total = Math.max(
      0,
      (Math.ceil(input[i] / strides[i]) - 1) * strides[i] + (window[i] - 1) * dilations[i] + 1 - input[i],
    )
    return [Math.floor(total / 2), total - Math.floor(total / 2)] as const
  }
  return [...along(0), ...along(1)] as unknown as Pads
}

/** Length of the output along one axis, and 0 or less where the window does not fit. */
export const outputLength = (
  input: number,
  window: number,
  stride: number,
  before: number,
  after: number,
  dilation = 1,
) => Math.floor((input + before + after - ((window - 1) * dilation + 1)) / stride) + 1

export const dilationsOf = (attributes: ConvAttributes): [number, number] => [
  attributes.dilations?.[0] ?? 1,
  attributes.dilations?.[1] ?? 1,
]
