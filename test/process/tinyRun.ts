import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { catalog } from '../../src/engine/strategies/catalog'
import { parseRunFile } from '../../src/spec'
import type { ResolvedSpec } from '../../src/spec/schema'

/** A folder with 2 classes of 10 images of 16 px, enough for a real run of a small network that takes seconds. */
export async function makeTinyData(): Promise<string> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'thaw-run-')))
  for (const [label, name] of ['dark', 'light'].entries()) {
    mkdirSync(join(base, 'images', name), { recursive: true })
    for (let i = 0; i < 10; i++) {
      const pixels = Buffer.from(
        Array.from({ length: 16 * 16 * 3 }, (_, k) => (label * 100 + ((k * (i + 3)) % 120)) % 256),
      )
      const image = sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
      await image.png().toFile(join(base, 'images', name, `${i}.png`))
    }
  }
  return base
}

/** A small network from random weights on the embedded back end. */
export function tinySpec(
  train: Record<string, unknown> = {},
  rest: Record<string, unknown> = {},
): ResolvedSpec {
  const file = {
    model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
    data: { source: 'images' },
    strategy: 'full',
    train: { steps: 30, batchSize: 4, measureEvery: 1, checkpoints: { every: 5, last: 3 }, ...train },
    backend: 'wasm',
    ...rest,
  }
  const { spec, problems } = parseRunFile(JSON.stringify(file), {
    file: 'tiny.thaw.json',
    strategies: catalog,
  })
  if (!spec) throw new Error(problems.map((problem) => problem.message).join('\n'))
  return spec
}
