import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { decodeImage, ImageError, readHeader } from '../../../src/engine/data/decode'
import { limits } from '../../../src/engine/data/limits'
import type { Rgb } from '../../../src/engine/data'
import { encode, noise, openFolder, writeFolder } from './folder'
import { renderBatch } from '../../../src/engine/data/batch'

const white: Rgb = [255, 255, 255]
const decode = (bytes: Uint8Array, size: number, background = white) =>
  decodeImage(bytes, { size, background })
const plain = (colour: string, width = 8, height = width) =>
  sharp({ create: { width, height, channels: 3, background: colour } })
const pixel = (pixels: Uint8Array, size: number, x: number, y: number) => [
  ...pixels.slice((y * size + x) * 3, (y * size + x) * 3 + 3),
]

/** Left half red, right half blue. */
const halves = () => {
  const pixels = new Uint8Array(16 * 16 * 3)
  for (let i = 0; i < 256; i++) pixels.set(i % 16 < 8 ? [255, 0, 0] : [0, 0, 255], i * 3)
  return encode(pixels, 16)
}

describe('formats', () => {
  test('png of the right size is untouched', async () => {
    const pixels = noise(9, 1)
    expect(await decode(await encode(pixels, 9).png().toBuffer(), 9)).toEqual(pixels)
  })

  test.each(['jpeg', 'webp', 'gif', 'avif', 'tiff', 'png'] as const)('%s is read', async (format) => {
    const bytes = await halves()
      .toFormat(format, format === 'jpeg' ? { chromaSubsampling: '4:4:4' } : {})
      .toBuffer()
    const pixels = await decode(bytes, 16)
    expect(pixels).toHaveLength(16 * 16 * 3)
    for (const [x, expected] of [
      [3, [255, 0, 0]],
      [12, [0, 0, 255]],
    ] as const)
      pixel(pixels, 16, x, 8).forEach((value, channel) =>
        expect(Math.abs(value - expected[channel]!)).toBeLessThan(24),
      )
  })

  test('of an animation the first frame is taken', async () => {
    const frames = Buffer.concat([
      await plain('#ff0000').raw().toBuffer(),
      await plain('#00ff00').raw().toBuffer(),
    ])
    for (const format of ['gif', 'webp'] as const) {
      const options = format === 'webp' ? { lossless: true, loop: 0 } : { loop: 0 }
      const bytes = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
        .toFormat(format, options)
        .toBuffer()
      expect((await sharp(bytes).metadata()).pages).toBe(2)
      const pixels = await decode(bytes, 8)
      expect(pixel(pixels, 8, 4, 7)).toEqual([255, 0, 0])
    }
  })

  test('a file is what its content is, whatever its name says', async () => {
    expect((await readHeader(await plain('#000000').jpeg().toBuffer())).format).toBe('jpeg')
    for (const bytes of [
      Buffer.from('<html><body>not found</body></html>'),
      Buffer.from('%PDF-1.7'),
      noise(20, 1),
    ])
      await expect(decode(bytes, 8)).rejects.toMatchObject({ name: 'ImageError', code: 'not-an-image' })
  })
})

describe('colours', () => {
  test('grey, 16-bit, grey with alpha and CMYK become 8-bit RGB', async () => {
    const grey = await plain('#808080').greyscale().png().toBuffer()
    const grey16 = await plain('#808080').toColourspace('grey16').png().toBuffer()
    const rgb16 = await plain('#ff8001').toColourspace('rgb16').png().toBuffer()
    const cmyk = await plain('#ff0000').toColourspace('cmyk').jpeg().toBuffer()
    expect([(await sharp(grey16).metadata()).depth, (await sharp(rgb16).metadata()).depth]).toEqual([
      'ushort',
      'ushort',
    ])
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk')
    expect(pixel(await decode(grey, 4), 4, 2, 2)).toEqual([128, 128, 128])
    expect(pixel(await decode(grey16, 4), 4, 2, 2)).toEqual([128, 128, 128])
    expect(pixel(await decode(rgb16, 4), 4, 2, 2)).toEqual([255, 128, 1])
    const [red, green, blue] = pixel(await decode(cmyk, 4), 4, 2, 2)
    expect(red).toBeGreaterThan(200)
    expect(green! + blue!).toBeLessThan(80)
  })

  test('transparent pixels lie on the background', async () => {
    const clear = await sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer()
    expect(pixel(await decode(clear, 8), 8, 1, 1)).toEqual([255, 255, 255])
    expect(pixel(await decode(clear, 8, [10, 20, 30]), 8, 1, 1)).toEqual([10, 20, 30])
    const half = await sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    })
      .png()
      .toBuffer()
    const [red, green] = pixel(await decode(half, 8, [0, 0, 0]), 8, 1, 1)
    expect(Math.abs(red! - 128)).toBeLessThan(3)
    expect(green).toBe(0)
  })
})

describe('geometry', () => {
  test('the EXIF orientation is honoured, in the header too', async () => {
    // stored lying: what is left in the file is up in the picture
    const bytes = await halves()
      .resize(16, 8, { fit: 'fill' })
      .withMetadata({ orientation: 6 })
      .jpeg({ chromaSubsampling: '4:4:4' })
      .toBuffer()
    expect(await readHeader(bytes)).toEqual({ format: 'jpeg', width: 8, height: 16 })
    const pixels = await decode(bytes, 16)
    expect(pixel(pixels, 16, 8, 3)[0]).toBeGreaterThan(200)
    expect(pixel(pixels, 16, 8, 12)[2]).toBeGreaterThan(200)
  })

  test('the whole picture is squashed into the square; cover cuts its middle out', async () => {
    const wide = await halves().resize(32, 8, { fit: 'fill', kernel: 'nearest' }).png().toBuffer()
    const squashed = await decode(wide, 8)
    expect(pixel(squashed, 8, 0, 4)).toEqual([255, 0, 0])
    expect(pixel(squashed, 8, 7, 4)).toEqual([0, 0, 255])
    const stripes = new Uint8Array(24 * 8 * 3)
    for (let i = 0; i < 24 * 8; i++) stripes[i * 3 + 1] = i % 24 >= 8 && i % 24 < 16 ? 255 : 0
    const bytes = await encode(stripes, 24, 8).png().toBuffer()
    const covered = await decodeImage(bytes, { size: 8, background: white, resize: 'cover' })
    expect(covered.every((value, i) => value === (i % 3 === 1 ? 255 : 0))).toBe(true)
  })
})

describe('svg', () => {
  const svg = (body: string, attributes = 'width="8" height="8"') =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${body}</svg>`,
    )

  test('is drawn at the size asked for, sharp at its edges', async () => {
    const bytes = svg('<rect width="4" height="8" fill="#f00"/>')
    const pixels = await decode(bytes, 64)
    for (let x = 0; x < 64; x++)
      if (x !== 31 && x !== 32)
        expect(pixel(pixels, 64, x, 30)).toEqual(x < 32 ? [255, 0, 0] : [255, 255, 255])
  })

  test('without a size, or a tiny or a long one, is drawn too', async () => {
    for (const attributes of [
      'viewBox="0 0 8 8"',
      'width="0.5" height="0.5" viewBox="0 0 8 8"',
      'width="2000" height="1" viewBox="0 0 8 8" preserveAspectRatio="none"',
    ]) {
      const pixels = await decode(svg('<rect width="8" height="8" fill="#00f"/>', attributes), 16)
      expect(pixel(pixels, 16, 8, 8)).toEqual([0, 0, 255])
    }
  })

  test('loads no file, whichever way it is named', async () => {
    const folder = writeFolder({
      'a/secret.png': await plain('#ff0000').png().toBuffer(),
      'b/1.png': await plain('#00ff00').png().toBuffer(),
    })
    const secret = join(folder, 'a/secret.png')
    const image = (href: string) => `<image width="8" height="8" href="${href}" xlink:href="${href}"/>`
    const use = `<use href="${secret}#x"/>`
    const style = `<style>@import url("${secret}"); rect { fill: url("file://${secret}") }</style>`
    const ways = [
      'secret.png',
      './secret.png',
      secret,
      `file://${secret}`,
      '../a/secret.png',
      'http://localhost:1/x.png',
    ].map(image)
    for (const [i, body] of [...ways, use, style].entries())
      writeFileSync(join(folder, 'a', `${i}.svg`), svg(body))
    const dataset = await openFolder(folder, { split: { test: 0 } })
    const items = dataset.items.flatMap(({ path }, item) =>
      path.endsWith('.svg') ? [{ item, view: -1 }] : [],
    )
    expect(items).toHaveLength(8)
    const { images } = await renderBatch(dataset, items, { size: 8 })
    expect(images.every((value) => value === 255)).toBe(true)
  })

  test('reads no entity from outside and does not blow up from inside', async () => {
    const outside =
      '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + String(svg('<text y="8">&x;</text>'))
    const entities = Array.from(
      { length: 9 },
      (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`,
    ).join('')
    const bomb =
      `<!DOCTYPE svg [<!ENTITY e0 "aaaaaaaaaa">${entities}]>` + String(svg('<text y="8">&e9;</text>'))
    for (const text of [outside, bomb])
      await expect(decode(Buffer.from(text), 8)).rejects.toMatchObject({ name: 'ImageError' })
  })

  test('over its size limit is refused before it is drawn', async () => {
    const long = svg(`<!--${'x'.repeat(limits.svgBytes)}-->`)
    await expect(decode(long, 8)).rejects.toThrow(/is an SVG of 4\.2 MB, over the limit of 4\.2 MB/)
    await expect(decode(svg('', 'width="50000" height="50000"'), 8)).rejects.toMatchObject({
      code: 'too-large',
    })
  })
})

describe('bad files', () => {
  test('nothing of any length cut off a file passes for a whole image', async () => {
    for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
      const bytes = await encode(noise(48, 3), 48).toFormat(format).toBuffer()
      for (const share of [0, 0.02, 0.3, 0.6, 0.9]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share))
        await expect(decode(cut, 32), `${format} ${share}`).rejects.toBeInstanceOf(ImageError)
      }
    }
  })

  test('an empty file is called empty', async () => {
    await expect(decode(new Uint8Array(), 8)).rejects.toMatchObject({
      code: 'empty-file',
      message: 'is empty (0 bytes)',
    })
  })

  test('50,000 px wide is refused, and so are too many pixels', async () => {
    const wide = await plain('#ff0000', 50_000, 2).png().toBuffer()
    await expect(decode(wide, 8)).rejects.toMatchObject({
      code: 'too-large',
      message: 'is 50000 x 2 px, over the limit of 20000 px a side and 100 million pixels',
    })
    const many = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="19000" height="19000"/>')
    await expect(decode(many, 8)).rejects.toMatchObject({ code: 'too-large' })
  })
})
