import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBackend } from '../../../src/engine/backend'
import { addonInterface } from '../../../src/engine/backend/native/find'
import { addonPath } from '../../../src/native/build'

const before = process.env.THAW_NATIVE_DIR
let root: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'thaw-broken-'))
  const folder = join(root, 'tensorflow-2.21.0-cpu')
  mkdirSync(join(folder, 'tensorflow'), { recursive: true })
  for (const file of [addonPath, 'tensorflow/stderr.node']) writeFileSync(join(folder, file), 'broken')
  const platform = `${process.platform}-${process.arch}`
  const record = {
    format: 1,
    version: '2.21.0',
    flavour: 'cpu',
    platform,
    addon: addonPath,
    interface: addonInterface,
    wheel: '',
    installed: '',
  }
  writeFileSync(join(folder, 'install.json'), JSON.stringify(record))
  process.env.THAW_NATIVE_DIR = root
})
afterAll(() => {
  if (before === undefined) delete process.env.THAW_NATIVE_DIR
  else process.env.THAW_NATIVE_DIR = before
  rmSync(root, { recursive: true, force: true })
})

test('an install that does not load: auto takes the next back end, and the reason says so', async () => {
  const { name, reason } = await openBackend('auto')
  expect(name).not.toBe('native')
  expect(reason).toMatch(/native: .*TensorFlow 2\.21\.0, cpu\) does not load: .*thaw native doctor/)
})

test('asked for by name, the same is an error with exit code 3', async () => {
  await expect(openBackend('native')).rejects.toMatchObject({
    message: expect.stringContaining('does not load'),
    exitCode: 3,
  })
})
