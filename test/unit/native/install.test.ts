import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { installs, isStale } from '../../../src/engine/backend/native/find'
import { addonPath } from '../../../src/native/build'
import { listNative, removeNative } from '../../../src/native/cache'
import { installNative, type InstallOptions } from '../../../src/native/install'
import { needSpace } from '../../../src/native/space'
import { explain } from '../../../src/native/errors'
import { makeWheel, type Made } from './wheels'

let base: string
let root: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'thaw-native-'))
  root = join(base, 'native')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const platform = { platform: 'linux', arch: 'x64', musl: false } as const
const build = async (folder: string) =>
  writeFileSync(join(folder, 'tensorflow/thaw_tensorflow.node'), 'addon')
// not the name of the wheel that is pinned
const wheel = (made: Made = {}, name = 'tensorflow_cpu-2.21.0-made.whl') => makeWheel(join(base, name), made)
const install = (options: Partial<InstallOptions> = {}) =>
  installNative({ flavour: 'cpu', root, platform, build, ...options })
const visible = () => readdirSync(root).filter((name) => name !== '.turns')

test('a wheel gives an install with the two libraries, the headers and the addon, nothing else', async () => {
  const { install: made, already } = await install({ wheels: [wheel()] })
  expect(already).toBe(false)
  expect(made).toMatchObject({ version: '2.21.0', flavour: 'cpu', platform: 'linux-x64' })
  expect(
    readdirSync(made.folder, { recursive: true })
      .map(String)
      .filter((name) => /\.\w+$/.test(name))
      .sort(),
  ).toEqual([
    'include/tensorflow/c/c_api.h',
    'install.json',
    'tensorflow/libtensorflow_cc.so.2',
    'tensorflow/libtensorflow_framework.so.2',
    'tensorflow/thaw_tensorflow.node',
  ])
  expect(visible()).toEqual(['tensorflow-2.21.0-cpu'])
  expect(installs(root).map(({ folder }) => folder)).toEqual([made.folder])
})

test('it is made once; --force makes it again', async () => {
  const file = wheel()
  let built = 0
  const count = async (folder: string) => (built++, build(folder))
  await install({ wheels: [file], build: count })
  expect((await install({ wheels: [file], build: count })).already).toBe(true)
  expect((await install({ build: count })).already).toBe(true)
  expect(built).toBe(1)
  expect((await install({ wheels: [file], build: count, force: true })).already).toBe(false)
  expect(built).toBe(2)
  expect(visible()).toEqual(['tensorflow-2.21.0-cpu'])
})

test('the addon of an earlier version of Thaw is made again out of what is there, without a wheel', async () => {
  const { install: made } = await install({ wheels: [wheel()] })
  const record = join(made.folder, 'install.json')
  const { interface: _, ...first } = JSON.parse(readFileSync(record, 'utf8'))
  const old = 'tensorflow/tfjs_binding.node'
  writeFileSync(join(made.folder, old), 'addon')
  writeFileSync(record, JSON.stringify({ ...first, addon: old }))
  expect(installs(root).map(isStale)).toEqual([true])
  const fetch = () => {
    throw new Error('nothing is to be fetched')
  }
  const { already, install: again } = await install({ fetch })
  expect(already).toBe(false)
  expect(again).toMatchObject({ addon: addonPath, version: '2.21.0', installed: made.installed })
  expect(installs(root).map(isStale)).toEqual([false])
  expect((await install({ fetch })).already).toBe(true)
})

describe('a wheel that is not what it should be leaves nothing and says why', () => {
  const cases: [string, () => string, string, Partial<InstallOptions>?][] = [
    ['not there', () => join(base, 'none.whl'), 'there is no such file'],
    ['cut off', () => (truncateSync(wheel(), 300), wheelPath()), 'is no whole wheel'],
    ['no zip', () => (writeFileSync(wheelPath(), '<html>'), wheelPath()), 'is no whole wheel'],
    ['another package', () => wheel({ name: 'numpy' }), 'is a wheel of numpy, not of TensorFlow'],
    ['another platform', () => wheel({ tag: 'cp311-cp311-win_amd64' }), 'is built for win_amd64'],
    [
      'no library',
      () => wheel({ files: { 'tensorflow/libtensorflow_cc.so.2': undefined } }),
      'libtensorflow_cc.so.2 is not in it',
    ],
    [
      'a changed library',
      () => wheel({ claimed: { 'tensorflow/libtensorflow_cc.so.2': 'else' } }),
      "not what the wheel's list of hashes says",
    ],
    [
      'the pinned name, other bytes',
      () => wheel({}, 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl'),
      'its sha256 differs',
    ],
    ['CUDA without --cuda', () => wheel({ name: 'tensorflow' }), 'add --cuda'],
    ['the processor with --cuda', () => wheel(), 'leave --cuda out', { flavour: 'cuda12' }],
    ['another version', () => wheel(), 'is version 2.21.0, not 2.20.0', { version: '2.20.0' }],
  ]
  const wheelPath = () => join(base, 'tensorflow_cpu-2.21.0-made.whl')
  test.each(cases)('%s', async (_, file, sentence, options) => {
    await expect(install({ wheels: [file()], ...options })).rejects.toMatchObject({
      message: expect.stringContaining(sentence),
      exitCode: 3,
    })
    expect(existsSync(root) ? visible() : []).toEqual([])
  })
})

test('an install that fails leaves the one before as it was', async () => {
  const file = wheel()
  await install({ wheels: [file] })
  const fail = () => Promise.reject(Object.assign(new Error('write'), { code: 'ENOSPC' }))
  await expect(install({ wheels: [file], force: true, build: fail })).rejects.toThrow('became full')
  expect(visible()).toEqual(['tensorflow-2.21.0-cpu'])
  expect(listNative(root)).toHaveLength(1)
})

test('what a process left that was killed midway is removed, and is never taken for an install', async () => {
  mkdirSync(join(root, '.making-1', 'tensorflow'), { recursive: true })
  expect(installs(root)).toEqual([])
  await install({ wheels: [wheel()] })
  expect(visible()).toEqual(['tensorflow-2.21.0-cpu'])
})

test('two at a time: one makes it, the other waits, says so and takes it', async () => {
  const file = wheel()
  let built = 0
  const slow = async (folder: string) => {
    built++
    await new Promise((resolve) => setTimeout(resolve, 100))
    await build(folder)
  }
  const notes: string[] = []
  const report = { note: (text: string) => void notes.push(text), progress: () => {} }
  const both = await Promise.all([1, 2].map(() => install({ wheels: [file], build: slow, report })))
  expect(built).toBe(1)
  expect(both.map(({ already }) => already).sort()).toEqual([false, true])
  expect(notes.join()).toContain('is installing; this one waits for it')
})

test('CUDA: libraries of the wheels that the extra names lie where the run path looks', async () => {
  const main = wheel(
    { name: 'tensorflow', requires: ["nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == 'and-cuda'"] },
    'tensorflow-2.21.0-made.whl',
  )
  const asked: string[] = []
  const fetch = () => async (request: { name: string; specifier: string; folder: string }) => {
    asked.push(`${request.name}${request.specifier}`)
    return makeWheel(join(request.folder, 'nvidia_cudnn_cu12-9.5.0-py3-none-any.whl'), {
      name: 'nvidia_cudnn_cu12',
      files: { 'nvidia/cudnn/lib/libcudnn.so.9': 'cudnn', 'nvidia/cudnn/include/cudnn.h': 'no' },
    })
  }
  const { install: made } = await install({ flavour: 'cuda12', wheels: [main], fetch })
  expect(asked).toEqual(['nvidia-cudnn-cu12<10.0,>=9.3.0.75'])
  expect(readFileSync(join(made.folder, 'nvidia/cudnn/lib/libcudnn.so.9'), 'utf8')).toBe('cudnn')
  expect(existsSync(join(made.folder, 'nvidia/cudnn/include'))).toBe(false)
  expect(basename(made.folder)).toBe('tensorflow-2.21.0-cuda12')
  expect(visible()).toEqual(['tensorflow-2.21.0-cuda12'])
})

test.each([
  [{ platform: 'linux', arch: 'x64', musl: true }, 'needs glibc'],
  [{ platform: 'darwin', arch: 'arm64', musl: false }, 'macOS on arm64; use backend "webgpu"'],
  [{ platform: 'win32', arch: 'x64', musl: false }, 'inside WSL 2'],
] as const)('%j is told what to use instead', async (where, sentence) => {
  await expect(install({ platform: where })).rejects.toThrow(sentence)
})

test('space is looked at first, and the sentence has both sizes', () => {
  expect(() => needSpace('/cache', 1.2e9, 0.3e9)).toThrow(
    'needs 1.2 GB while it is installed, and the disk with /cache has 0.3 GB left',
  )
  expect(() => needSpace('/cache', 1, 2)).not.toThrow()
  expect(explain(Object.assign(new Error(), { code: 'EACCES' }), '/cache')).toMatchObject({ exitCode: 3 })
})

test('rm removes one by name, and says which there are', async () => {
  await install({ wheels: [wheel()] })
  await expect(removeNative('tensorflow-9', root)).rejects.toThrow('there are: tensorflow-2.21.0-cpu')
  expect(await removeNative('tensorflow-2.21.0-cpu', root)).toBeGreaterThan(20)
  expect(visible()).toEqual([])
})
