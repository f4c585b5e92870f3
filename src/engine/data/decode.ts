import sharp from 'sharp'
import { formats, limits } from './limits'
import type { FindingCode, Rgb } from './types'

// The decoder works on libuv's threads already; threads of its own would only fight with those.
sharp.concurrency(1)
// Every image is decoded once and then cached by us.
sharp.cache(false)

/** Why a file is no usable image; the message is a clause that follows the file's name. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  constructor(
    readonly code: FindingCode,
    message: string,
  ) {
    super(message)
  }
}

export interface ImageHeader {
  format: string
  /** As displayed, EXIF orientation applied. */
  width: number
  height: number
}

export interface DecodeOptions {
  /** Side of the square result. */
  size: number
  /** Under transparent pixels. */
  background: Rgb
  /** `fill` squashes the whole picture into the square (nothing is lost); `cover` cuts the middle out. */
  resize?: 'fill' | 'cover'
}

const firstLine = (error: unknown) =>
  String(error instanceof Error ? error.message : error)
    .split('\n')[0]!
    .replace(/^Input (buffer|Buffer)\s+(has|contains)?\s*/i, '')
    .slice(0, 160)

function unreadable(error: unknown): ImageError {
  const reason = firstLine(error)
  if (/unsupported image format/i.test(reason))
    return new ImageError('not-an-image', 'is not an image that can be read')
  return new ImageError('unreadable', `cannot be decoded (${reason})`)
}

/** Reads the header alone and refuses what is too large, before any pixel is decoded. */
export async function readHeader(bytes: Uint8Array): Promise<ImageHeader> {
  if (bytes.length === 0) throw new ImageError('empty-file', 'is empty (0 bytes)')
  if (bytes.length > limits.bytes)
    throw new ImageError(
      'too-large',
      `has ${Math.round(bytes.length / 1e6)} MB, over the limit of ${Math.round(limits.bytes / 1e6)} MB`,
    )
  let header
  try {
    header = await sharp(bytes, { limitInputPixels: false }).metadata()
  } catch (error) {
    throw unreadable(error)
  }
  const { format, width, height } = { ...header, ...header.autoOrient }
  if (!formats.has(format))
    throw new ImageError('not-an-image', `is a ${format} file, not an image that can be read`)
  if (format === 'svg' && bytes.length > limits.svgBytes)
    throw new ImageError(
      'too-large',
      `is an SVG of ${(bytes.length / 1e6).toFixed(1)} MB, over the limit of ${(limits.svgBytes / 1e6).toFixed(1)} MB`,
    )
  if (width > limits.side || height > limits.side || width * height > limits.pixels)
    throw new ImageError(
      'too-large',
      `is ${width} x ${height} px, over the limit of ${limits.side} px a side and ${limits.pixels / 1e6} million pixels`,
    )
  return { format, width, height }
}

/**
 * Decodes an image file to `size * size` RGB values, row by row, 8 bits each.
 *
 * First frame of an animation; EXIF orientation applied; grey, CMYK and 16-bit pictures become sRGB; transparent
 * pixels lie on the background. Resampled with Lanczos-3 (an image that has the size already is untouched); an SVG
 * is drawn at the size asked for.
 * `known` saves reading the header again.
 *
 * The decoder is handed the bytes and never a path, so an SVG has no base to load files from, and it has no network.
 *
 * @throws ImageError
 */
export async function decodeImage(
  bytes: Uint8Array,
  options: DecodeOptions,
  known?: ImageHeader,
): Promise<Uint8Array> {
  if (!known) await readHeader(bytes)
  const { size, background } = options
  try {
    const { data, info } = await sharp(bytes, {
      limitInputPixels: limits.pixels,
      failOn: 'error',
    })
      .timeout({ seconds: limits.seconds })
      .autoOrient()
      .flatten({ background: { r: background[0], g: background[1], b: background[2] } })
      .resize(size, size, { fit: options.resize ?? 'fill' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to RGB`)
    return new Uint8Array(data.buffer, data.byteOffset, data.length)
  } catch (error) {
    throw unreadable(error)
  }
}
