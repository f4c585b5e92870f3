import type { Rgb } from './types'

/** Where each output pixel comes from: x' = a x + b y + c, y' = d x + e y + f, in pixel indices (centres are whole). */
export interface Affine {
  a: number
  b: number
  c: number
  d: number
  e: number
  f: number
}

/** Output = input mirrored left-right. */
export const mirror = (size: number): Affine => ({ a: -1, b: 0, c: size - 1, d: 0, e: 1, f: 0 })

/** 8-bit to float without resampling. */
export function copyPixels(source: Uint8Array, out: Float32Array, offset: number): void {
  out.set(source, offset)
}

/**
 * Bilinear resampling of a square RGB image under an affine map, as if the image lay in an endless plane of `fill`.
 * Values stay unrounded. Whole-pixel maps (identity, mirror, quarter turns) are exact.
 *
 * @param source `size * size * 3` values 0 to 255
 * @param out receives `size * size * 3` values from `offset` on
 */
export function resample(
  source: Uint8Array,
  size: number,
  map: Affine,
  fill: Rgb,
  out: Float32Array,
  offset: number,
): void {
  const { a, b, c, d, e, f } = map
  const row = size * 3
  const last = size - 1
  const corner = (x: number, y: number, channel: number) =>
    x >= 0 && x <= last && y >= 0 && y <= last ? source[y * row + x * 3 + channel]! : fill[channel]!
  let at = offset
  for (let y = 0; y < size; y++) {
    const rowX = b * y + c
    const rowY = e * y + f
    for (let x = 0; x < size; x++, at += 3) {
      const px = a * x + rowX
      const py = d * x + rowY
      const x0 = Math.floor(px)
      const y0 = Math.floor(py)
      const wx = px - x0
      const wy = py - y0
      if (x0 >= 0 && y0 >= 0 && x0 < last && y0 < last) {
        let i = y0 * row + x0 * 3
        for (let channel = 0; channel < 3; channel++, i++) {
          const top = source[i]! + wx * (source[i + 3]! - source[i]!)
          const bottom = source[i + row]! + wx * (source[i + row + 3]! - source[i + row]!)
          out[at + channel] = top + wy * (bottom - top)
        }
      } else if (x0 < -1 || y0 < -1 || x0 > last || y0 > last) {
        out[at] = fill[0]
        out[at + 1] = fill[1]
        out[at + 2] = fill[2]
      } else {
        for (let channel = 0; channel < 3; channel++) {
          const left = corner(x0, y0, channel)
          const leftBelow = corner(x0, y0 + 1, channel)
          const top = left + wx * (corner(x0 + 1, y0, channel) - left)
          const bottom = leftBelow + wx * (corner(x0 + 1, y0 + 1, channel) - leftBelow)
          out[at + channel] = top + wy * (bottom - top)
        }
      }
    }
  }
}
