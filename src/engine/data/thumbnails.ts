import sharp from 'sharp'

const SIDE = 64

/**
 * A JPEG of at most 64 px of an image that was decoded.
 * @param pixels 0 to 255, RGB, [side, side, 3]
 */
export async function thumbnail(pixels: Float32Array, side: number): Promise<Uint8Array> {
  const bytes = Uint8ClampedArray.from(pixels)
  return sharp(bytes, { raw: { width: side, height: side, channels: 3 } })
    .resize(SIDE, SIDE, { withoutEnlargement: true })
    .jpeg({ quality: 80 })
    .toBuffer()
}
