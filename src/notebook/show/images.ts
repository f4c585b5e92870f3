import sharp from 'sharp'
import { DISPLAY_MIME, type ImagesDisplay } from '../displays'
import type { OutputItems } from '../protocol'

/** Longest side of a picture, pixels. */
const SIDE = 96

/** At most so many pictures of one output. */
export const MAX_IMAGES = 120

/** A small picture of a file as a data: URL; '' when it cannot be read. */
export async function pictureOf(
  path: string,
  background: readonly [number, number, number],
): Promise<string> {
  try {
    const [r, g, b] = background
    const bytes = await sharp(path, { failOn: 'error' })
      .rotate()
      .flatten({ background: { r, g, b } })
      .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 85 })
      .toBuffer()
    return `data:image/jpeg;base64,${bytes.toString('base64')}`
  } catch {
    return ''
  }
}

export function imagesItems(display: ImagesDisplay): OutputItems {
  return { [DISPLAY_MIME.images]: display, 'text/plain': imagesText(display) }
}

export function imagesText({ title, images, right, known }: ImagesDisplay): string {
  const lines = images.map(({ path, actual, predicted, probability }) => {
    const said = predicted === undefined ? '' : ` ${predicted} ${(probability ?? 0).toFixed(2)}`
    const truth =
      actual === undefined
        ? ''
        : predicted === undefined
          ? ` ${actual}`
          : predicted === actual
            ? ', right'
            : `, is ${actual}`
    return `${path}:${said}${truth}`
  })
  return [
    title,
    ...lines.slice(0, 30),
    ...(lines.length > 30 ? [`… ${lines.length - 30} more images`] : []),
    ...(known ? [`${right} of ${known} right`] : []),
  ].join('\n')
}
