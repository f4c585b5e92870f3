import sharp, { type Sharp } from 'sharp'
import { expect, test } from 'vitest'
import { mirror, resample, type Affine } from '../../../src/engine/data/resample'
import { affineOf, type TransformDraw } from '../../../src/engine/data/transforms'
import { encode, noise } from './folder'

const still: TransformDraw = { flip: false, rotate: 0, scale: 1, shiftX: 0, shiftY: 0 }
const green = [10, 200, 30] as const

function apply(pixels: Uint8Array, size: number, map: Affine): Float32Array {
  const out = new Float32Array(pixels.length)
  resample(pixels, size, map, green, out, 0)
  return out
}

const draw = (change: Partial<TransformDraw>, size: number) => affineOf({ ...still, ...change }, size)

/** What sharp makes of the same pixels by whole-pixel moves. */
const bySharp = async (pixels: Uint8Array, size: number, edit: (image: Sharp) => Sharp) =>
  Float32Array.from(await edit(encode(pixels, size)).raw().toBuffer())

test.each([5, 8])('the transform that does nothing gives the pixels, bit for bit (side %i)', (size) => {
  const pixels = noise(size, 1)
  expect(apply(pixels, size, draw({}, size))).toEqual(Float32Array.from(pixels))
})

test.each([5, 8])('a flip is the mirror image, bit for bit (side %i)', async (size) => {
  const pixels = noise(size, 2)
  const expected = await bySharp(pixels, size, (image) => image.flop())
  expect(apply(pixels, size, draw({ flip: true }, size))).toEqual(expected)
  expect(apply(pixels, size, mirror(size))).toEqual(expected)
})

test.each([
  [90, 5],
  [90, 8],
  [180, 8],
  [-90, 8],
  [270, 5],
])('a turn by %i degrees is clockwise and exact (side %i)', async (degrees, size) => {
  const pixels = noise(size, 3)
  const expected = await bySharp(pixels, size, (image) => image.rotate(degrees))
  expect(apply(pixels, size, draw({ rotate: degrees }, size))).toEqual(expected)
})

test('a flip comes before a turn', async () => {
  const pixels = noise(7, 4)
  const flipped = new Uint8Array(await encode(pixels, 7).flop().raw().toBuffer())
  const expected = await bySharp(flipped, 7, (image) => image.rotate(90))
  expect(apply(pixels, 7, draw({ flip: true, rotate: 90 }, 7))).toEqual(expected)
})

test('a shift by whole pixels moves the picture right and down and fills what comes in', () => {
  const size = 10
  const pixels = noise(size, 5)
  const out = apply(pixels, size, draw({ shiftX: 0.3, shiftY: 0.2 }, size))
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let channel = 0; channel < 3; channel++) {
        const inside = x >= 3 && y >= 2
        const expected = inside ? pixels[((y - 2) * size + x - 3) * 3 + channel]! : green[channel]!
        expect(out[(y * size + x) * 3 + channel]).toBeCloseTo(expected, 3)
      }
})

/** Bilinear interpolation of a plane is the plane itself: a closed form for any affine map inside the picture. */
test.each([
  { flip: false, rotate: 14, scale: 1.15, shiftX: 0.05, shiftY: -0.03 },
  { flip: true, rotate: -9, scale: 0.9, shiftX: -0.02, shiftY: 0.07 },
  { flip: false, rotate: 133, scale: 1.6, shiftX: 0, shiftY: 0 },
])('a linear ramp under $rotate degrees, scale $scale stays the ramp it must be', (change) => {
  const size = 33
  const pixels = new Uint8Array(size * size * 3)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      pixels.set([20 + 3 * x, 20 + 2 * y, 10 + 2 * x + 3 * y], (y * size + x) * 3)
  const out = apply(pixels, size, draw(change, size))
  const angle = (-change.rotate * Math.PI) / 180
  let checked = 0
  let worst = 0
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      // undo shift, turn and scale, then flip, about the centre, written out independently of `affineOf`
      const [u, v] = [x - 16 - change.shiftX * size, y - 16 - change.shiftY * size]
      const turnedX = (u * Math.cos(angle) - v * Math.sin(angle)) / change.scale
      const turnedY = (u * Math.sin(angle) + v * Math.cos(angle)) / change.scale
      const fromX = 16 + (change.flip ? -turnedX : turnedX)
      const fromY = 16 + turnedY
      if (fromX < 0 || fromY < 0 || fromX > size - 1 || fromY > size - 1) continue
      checked++
      const at = (y * size + x) * 3
      const expected = [20 + 3 * fromX, 20 + 2 * fromY, 10 + 2 * fromX + 3 * fromY]
      expected.forEach((value, channel) => (worst = Math.max(worst, Math.abs(value - out[at + channel]!))))
    }
  expect(checked).toBeGreaterThan(700)
  expect(worst).toBeLessThan(1e-4)
})

test('sharp turns and scales a picture the same way', async () => {
  const size = 25
  const pixels = noise(size, 9)
  const change = { rotate: 12, scale: 0.9 }
  const map = draw(change, size)
  const ours = apply(pixels, size, map)
  const angle = (change.rotate * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle) * change.scale, Math.sin(angle) * change.scale]
  const centre = (size - 1) / 2
  const { data, info } = await encode(pixels, size)
    .affine([cos, -sin, sin, cos], {
      interpolator: sharp.interpolators.bilinear,
      idx: -centre,
      idy: -centre,
      odx: centre,
      ody: centre,
    })
    .raw()
    .toBuffer({ resolveWithObject: true })
  /** Largest difference when sharp's box starts at `left`, `top`, over pixels whose neighbours are all in the picture. */
  const difference = (left: number, top: number) => {
    let most = 0
    let compared = 0
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const fromX = map.a * x + map.b * y + map.c
        const fromY = map.d * x + map.e * y + map.f
        const [boxX, boxY] = [x - left, y - top]
        if (Math.min(fromX, fromY) < 1 || Math.max(fromX, fromY) > size - 2) continue
        if (boxX < 0 || boxY < 0 || boxX >= info.width || boxY >= info.height) continue
        compared++
        for (let channel = 0; channel < 3; channel++) {
          const theirs = data[(boxY * info.width + boxX) * 3 + channel]!
          most = Math.max(most, Math.abs(theirs - ours[(y * size + x) * 3 + channel]!))
        }
      }
    return compared > 250 ? most : Infinity
  }
  // sharp returns a box around the turned picture, so where it starts is a matter of whole pixels
  const starts = Array.from({ length: 17 }, (_, i) => i - 8)
  const best = Math.min(...starts.flatMap((left) => starts.map((top) => difference(left, top))))
  // 8 bits, and weights of 1/4096 in sharp
  expect(best).toBeLessThan(1.5)
})

test('a picture of the fill colour stays one colour under every transform', () => {
  const size = 16
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) => green[i % 3]!)
  const out = apply(
    pixels,
    size,
    draw({ flip: true, rotate: 37, scale: 0.7, shiftX: 0.3, shiftY: -0.4 }, size),
  )
  expect(out).toEqual(Float32Array.from(pixels))
})

test('writes at its offset and nowhere else', () => {
  const pixels = noise(4, 6)
  const out = new Float32Array(3 * 48).fill(-1)
  resample(pixels, 4, draw({}, 4), green, out, 48)
  expect(out.subarray(0, 48).every((value) => value === -1)).toBe(true)
  expect(out.subarray(48, 96)).toEqual(Float32Array.from(pixels))
  expect(out.subarray(96).every((value) => value === -1)).toBe(true)
})
