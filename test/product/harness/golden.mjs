// Pictures as they were agreed on, in test/product/golden. `UPDATE=1` writes them again; look at them before a commit.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { root } from '../../../.ci/editor-host.mjs'

const folder = join(root, 'test/product/golden')
const results = join(root, 'test-results')

/** Pixels of a side of the squares whose means are compared: letters of another font weigh little in them. */
const SQUARE = 16

/** Means that differ by less, of 255, are the same: a line that is drawn half a pixel lower. */
const SAME = 24

/** Scale and few colours keep the files small; means of squares do not notice. */
const KEPT = 0.5

async function means(png, scale) {
  const { width, height } = await sharp(png).metadata()
  const size = { width: Math.ceil(width / SQUARE / scale), height: Math.ceil(height / SQUARE / scale) }
  const image = sharp(png)
    .removeAlpha()
    .resize({ ...size, fit: 'fill', kernel: 'linear' })
  return { ...size, data: await image.raw().toBuffer() }
}

/**
 * Share of the picture's squares that look otherwise than in the agreed one. Another machine draws letters and edges a
 * little otherwise, which moves few means; a figure that is missing, empty or in other colours moves many. A picture of
 * another height is compared where both are, and what is missing counts.
 */
export async function differs(name, png) {
  const path = join(folder, `${name}.png`)
  if (process.env.UPDATE) {
    mkdirSync(folder, { recursive: true })
    const { width } = await sharp(png).metadata()
    const small = sharp(png).resize({ width: Math.round(width * KEPT) })
    writeFileSync(path, await small.png({ palette: true, colours: 64, effort: 9 }).toBuffer())
    return 0
  }
  if (!existsSync(path)) throw new Error(`${path} is missing: write it with UPDATE=1 and look at it`)
  const [now, agreed] = await Promise.all([means(png, 1), means(readFileSync(path), KEPT)])
  if (now.width !== agreed.width) return 1
  const height = Math.min(now.height, agreed.height)
  let other = Math.abs(now.height - agreed.height) * now.width
  for (let i = 0; i < height * now.width; i++)
    if ([0, 1, 2].some((c) => Math.abs(now.data[3 * i + c] - agreed.data[3 * i + c]) >= SAME)) other++
  const share = other / (now.width * Math.max(now.height, agreed.height))
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, `${name}.png`), png)
  return share
}
