import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FolderCache } from '../../../src/engine/data/folderCache'
import { cacheLimits, featureFolder } from '../../../src/engine/data/cacheFolders'
import { FeatureCache, type Features } from '../../../src/engine/train/featureCache'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'thaw-features-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const filesOf = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

const features = (i: number): Features => ({
  shape: [2, 3],
  values: Float32Array.from({ length: 6 }, (_, k) => i + k / 8),
})
const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}`)
const entries = (count: number) => keys(count).map((key, i) => [key, features(i)] as const)

test('memory holds what fits the limit and keeps it; contents do not mix', async () => {
  const cache = new FeatureCache(4 * 24)
  await cache.set('one', entries(6))
  expect(cache.size).toBe(4)
  expect(cache.use.memoryBytes).toBe(96)
  expect(await cache.get('one', keys(4))).toEqual(entries(4).map(([, value]) => value))
  expect(await cache.get('one', keys(5))).toBeUndefined()
  expect(await cache.get('other', keys(1))).toBeUndefined()
  expect(await cache.has('one', keys(5))).toBe(false)
  expect(cache.use).toEqual({ memory: 4, disk: 0, computed: 6, memoryBytes: 96 })
  cache.drop('one')
  expect(cache.use.memoryBytes).toBe(0)
})

test('what one run wrote another finds, bit for bit', async () => {
  const path = folder()
  const first = new FeatureCache(0, new FolderCache(path, 2 ** 20))
  await first.set('c', entries(5))
  await first.flush()
  expect(filesOf(path)).toHaveLength(5)
  const second = new FeatureCache(2 ** 20, new FolderCache(path, 2 ** 20))
  expect(await second.has('c', keys(5))).toBe(true)
  expect(await second.get('c', keys(5))).toEqual(entries(5).map(([, value]) => value))
  expect(await second.get('c', keys(5))).toBeDefined()
  expect(second.use).toMatchObject({ disk: 5, memory: 5, computed: 0 })
})

test.each([
  ['one bit turned', (bytes: Buffer) => bytes.fill(bytes.at(-1)! ^ 1, bytes.length - 1)],
  ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3)],
  ['empty', () => Buffer.alloc(0)],
  ['something else', () => Buffer.from('something else altogether')],
])('a file with %s is ignored and removed', async (_, damage) => {
  const path = folder()
  const cache = new FeatureCache(0, new FolderCache(path, 2 ** 20))
  await cache.set('c', entries(1))
  await cache.flush()
  const [file] = filesOf(path)
  writeFileSync(file!, damage(readFileSync(file!)))
  expect(await cache.get('c', keys(1))).toBeUndefined()
  expect(filesOf(path)).toEqual([])
  await cache.set('c', entries(1))
  await cache.flush()
  expect(await cache.get('c', keys(1))).toEqual([features(0)])
})

test('the disk stays under its limit; what was used longest ago goes first', async () => {
  const path = folder()
  const size = 16 + 12 + 24
  const disk = new FolderCache(path, 10 * size)
  const cache = new FeatureCache(0, disk)
  for (let i = 0; i < 10; i++) {
    await cache.set('c', [[`k${i}`, features(i)]])
    await cache.flush()
    const time = 1_700_000_000 + i
    utimesSync(
      filesOf(path).find((file) => file.endsWith(`k${i}.f32`))!,
      time,
      time,
    )
  }
  expect(await cache.get('c', ['k0'])).toBeDefined()
  await cache.set('c', [['k10', features(10)]])
  await cache.flush()
  const total = filesOf(path).reduce((sum, file) => sum + statSync(file).size, 0)
  expect(total).toBeLessThanOrEqual(10 * size)
  expect(await cache.has('c', ['k0', 'k10', 'k9'])).toBe(true)
  expect(await cache.has('c', ['k1'])).toBe(false)
})

test('a folder that cannot be written to costs nothing but time', async () => {
  const blocked = join(folder(), 'file')
  writeFileSync(blocked, 'x')
  const cache = new FeatureCache(2 ** 20, new FolderCache(join(blocked, 'features'), 2 ** 20))
  await cache.set('c', entries(2))
  await cache.flush()
  expect(await cache.get('c', keys(2))).toBeDefined()
  expect(cache.use).toMatchObject({ memory: 2, disk: 0 })
})

test('two writers of one entry leave one whole file', async () => {
  const path = folder()
  const disks = [1, 2, 3, 4].map(() => new FolderCache(path, 2 ** 20))
  const content = new Uint8Array(200_000).fill(7)
  await Promise.all(disks.map((disk) => disk.write('a/b', content)))
  expect(filesOf(path)).toHaveLength(1)
  expect(Buffer.from((await disks[0]!.read('a/b'))!).equals(content)).toBe(true)
})

test('the environment goes before the run file, and 0 means none', () => {
  onTestFinished(() => {
    delete process.env['THAW_CACHE_MEMORY']
    delete process.env['THAW_CACHE_DISK']
  })
  expect(cacheLimits({ memory: 1, disk: 2 })).toEqual({ memory: 1, disk: 2 })
  process.env['THAW_CACHE_MEMORY'] = '3'
  process.env['THAW_CACHE_DISK'] = '0'
  expect(cacheLimits({ memory: 1, disk: 2 })).toEqual({ memory: 3, disk: 0 })
  expect(featureFolder('x', { memory: 1, disk: 2 })).toEqual({ memoryBytes: 3 * 2 ** 20 })
})
