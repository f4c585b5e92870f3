import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, onTestFinished } from 'vitest'
import { openDataset, type Dataset } from '../../../src/engine/data'
import { dataSchema } from '../../../src/spec/schema'
import type { z } from 'zod'

/** A temporary folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-data-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files by path; returns the folder. */
export function writeFolder(files: Record<string, Uint8Array | string>, folder = temporaryFolder()): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return folder
}

/** Pixels that no other seed gives, smooth enough to survive a small resize. */
export function noise(size: number, seed: number): Uint8Array {
  const pixels = new Uint8Array(size * size * 3)
  let state = Math.imul(seed + 1, 2654435761) >>> 0
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    pixels[i] = state >>> 24
  }
  return pixels
}

export const encode = (pixels: Uint8Array, width: number, height = width) =>
  sharp(pixels, { raw: { width, height, channels: 3 } })

const made = new Map<string, Promise<Buffer>>()

/** A PNG of `noise`, encoded once a test file. */
export function noisePng(seed: number, size = 8): Promise<Buffer> {
  const key = `${seed}/${size}`
  let png = made.get(key)
  if (!png) made.set(key, (png = encode(noise(size, seed), size).png({ compressionLevel: 1 }).toBuffer()))
  return png
}

/** `count` different images for each class, in class folders below `under`. */
export async function classFolders(
  counts: Record<string, number>,
  under = '',
  firstSeed = 0,
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {}
  let seed = firstSeed
  for (const [name, count] of Object.entries(counts))
    for (let i = 0; i < count; i++) files[join(under, name, `${i}.png`)] = await noisePng(seed++)
  return files
}

export function openFolder(
  source: string,
  spec: z.input<typeof dataSchema> = {},
  cache?: string,
): Promise<Dataset> {
  return openDataset(dataSchema.parse({ ...spec, source }), { base: '.', media: '.', cache })
}

/** A temporary folder for a whole test file. */
export function keptFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-data-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
