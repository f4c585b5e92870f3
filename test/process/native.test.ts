import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRun } from './runs'
import { makeTinyData, tinySpec } from './tinyRun'

// `npm test` keeps the wheel there (.ci/native.mjs); in CI it has to
const wheels = resolve('.cache/wheels')
const kept = existsSync(wheels) ? readdirSync(wheels).filter((name) => name.endsWith('.whl')) : []
const absent = kept.length === 0 && !process.env.CI

let base: string
let cache: string
beforeAll(async () => {
  base = await makeTinyData()
  cache = mkdtempSync(join(tmpdir(), 'thaw-native-'))
})
afterAll(() => {
  for (const folder of [base, cache]) rmSync(folder, { recursive: true, force: true })
})

const thaw = (...args: string[]) => {
  const text = execFileSync(process.execPath, [resolve('dist/cli.js'), ...args, '--json'], {
    cwd: base,
    encoding: 'utf8',
    env: { ...process.env, THAW_NATIVE_DIR: cache },
  })
  return JSON.parse(text.trim().split('\n').at(-1)!) as Record<string, any>
}

test.skipIf(absent)(
  'a wheel is installed from the command line, and a run trains on it, by name and by auto',
  async () => {
    const installed = thaw('native', 'install', '--wheel', join(wheels, kept[0]!))
    expect(installed).toMatchObject({ flavour: 'cpu', already: false })
    const { model, data } = tinySpec()
    for (const backend of ['native', 'auto']) {
      const train = { steps: 3, batchSize: 4 }
      const file = {
        model: { source: model.source, architecture: 'small_cnn', inputSize: 16 },
        data: { source: data.source },
        strategy: 'full',
        train,
        backend,
      }
      writeFileSync(join(base, 'tiny.thaw.json'), JSON.stringify(file))
      thaw('run', 'tiny.thaw.json', '--out', `runs-${backend}`)
      const { events, view } = await readRun(
        join(
          base,
          `runs-${backend}`,
          readdirSync(join(base, `runs-${backend}`)).find((name) => /^\d/.test(name)) ?? '.',
        ),
      )
      const started = events.find((event) => event.kind === 'run-started')
      expect(started).toMatchObject({
        backend: { name: 'native', device: expect.stringContaining('TensorFlow 2.') },
      })
      expect(view).toMatchObject({ state: 'finished', step: 3 })
    }
  },
)
