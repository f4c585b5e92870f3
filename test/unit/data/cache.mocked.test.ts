import { readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import type * as Files from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { auditDataset, createBatchStream, evaluationBatches, type Dataset } from '../../../src/engine/data'
import type * as Decode from '../../../src/engine/data/decode'
import { DiskCache } from '../../../src/engine/data/diskCache'
import { ImageStore } from '../../../src/engine/data/store'
import { classFolders, noisePng, openFolder, temporaryFolder, writeFolder } from './folder'

const opened = vi.hoisted(() => ({ files: [] as string[], decoded: 0 }))

vi.mock('../../../src/engine/data/decode', async (original) => {
  const decode = await original<typeof Decode>()
  return {
    ...decode,
    decodeImage: (...args: Parameters<typeof decode.decodeImage>) => {
      opened.decoded++
      return decode.decodeImage(...args)
    },
  }
})

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Files>()
  return {
    ...fs,
    open: (...args: Parameters<typeof fs.open>) => {
      opened.files.push(String(args[0]))
      return fs.open(...args)
    },
  }
})

beforeEach(() => {
  opened.files.length = 0
  opened.decoded = 0
})

const set = () => classFolders({ a: 6, b: 6 })

async function pixelsOf(dataset: Dataset): Promise<string> {
  const parts = []
  for await (const { images } of evaluationBatches(dataset, 'test', { size: 8, batchSize: 5 }))
    parts.push(images.join())
  return parts.join()
}

describe('index', () => {
  test('a second audit opens no image; a changed, added or renamed one is looked at again', async () => {
    const folder = writeFolder(await set())
    const cache = join(temporaryFolder(), 'cache')
    const audit = async () => {
      opened.files.length = 0
      const dataset = await openFolder(folder, {}, cache)
      return {
        findings: await auditDataset(dataset),
        hash: dataset.hash,
        files: opened.files.map((file) => file.slice(folder.length + 1)),
      }
    }
    const first = await audit()
    expect(first.files).toHaveLength(12)
    expect(await audit()).toEqual({ ...first, files: [] })

    writeFileSync(join(folder, 'a/0.png'), 'no image any more')
    writeFileSync(join(folder, 'b/new.png'), await noisePng(99))
    const later = await audit()
    expect(later.files.sort()).toEqual(['a/0.png', 'b/new.png'])
    expect(later.findings.map(({ code }) => code)).toEqual(['not-an-image'])
    expect(later.hash).not.toBe(first.hash)
  })

  test('a file of the same size and time but other content is noticed', async () => {
    const folder = writeFolder(await set())
    const cache = join(temporaryFolder(), 'cache')
    const file = join(folder, 'a/0.png')
    const { size } = statSync(file)
    const time = new Date(1_700_000_000_000)
    utimesSync(file, time, time)
    const first = await openFolder(folder, {}, cache)
    await auditDataset(first)
    writeFileSync(file, Buffer.alloc(size, 7))
    utimesSync(file, time, time)
    expect(statSync(file).mtimeMs).toBe(time.getTime())
    const second = await openFolder(folder, {}, cache)
    expect((await auditDataset(second)).map(({ code }) => code)).toEqual(['not-an-image'])
  })

  test('that is damaged, of another kind or cannot be written costs time only', async () => {
    const folder = writeFolder(await set())
    const cache = join(temporaryFolder(), 'cache')
    await auditDataset(await openFolder(folder, {}, cache))
    const index = join(cache, 'index', readdirSync(join(cache, 'index'))[0]!)
    const text = readFileSync(index, 'utf8')
    for (const damage of [
      text.slice(0, 100),
      'null',
      '{"version":1}',
      text.replace(/"stamp"/g, '"x"'),
      '[]',
    ]) {
      writeFileSync(index, damage)
      expect(await auditDataset(await openFolder(folder, {}, cache))).toEqual([])
    }
    const blocked = join(writeFolder({ file: 'x' }), 'file', 'cache')
    expect(await auditDataset(await openFolder(folder, {}, blocked))).toEqual([])
  })
})

describe('decoded images', () => {
  test('are decoded once for all epochs, evaluations and streams', async () => {
    const dataset = await openFolder(writeFolder(await set()), { split: { test: 0.5 } })
    const options = { size: 8, batchSize: 6, transforms: 'none' as const, shuffle: true, seed: 1 }
    const stream = createBatchStream(dataset, options)
    for (let epoch = 0; epoch < 4; epoch++) await stream.next()
    await createBatchStream(dataset, options).next()
    expect(opened.decoded).toBe(6)
    expect(await pixelsOf(dataset)).toBe(await pixelsOf(dataset))
    expect(opened.decoded).toBe(12)
  })

  test('stay under the limit of memory, with the same pixels', async () => {
    const dataset = await openFolder(writeFolder(await set()), { split: { test: 0 } })
    const small = new ImageStore(dataset, 5 * 192)
    const large = new ImageStore(dataset)
    for (let round = 0; round < 3; round++)
      for (let item = 0; item < 12; item++)
        expect(await small.pixels(item, 8)).toEqual(await large.pixels(item, 8))
    // 12 for the large one; five stay in the small one and seven are decoded in each round
    expect(opened.decoded).toBe(12 + 12 + 7 + 7)
  })

  test('asked for twice at one time are decoded once', async () => {
    const dataset = await openFolder(writeFolder(await set()))
    const store = new ImageStore(dataset)
    await Promise.all([store.pixels(0, 8), store.pixels(0, 8), store.pixels(1, 8)])
    expect(opened.decoded).toBe(2)
  })

  test('come from disk at a second start, for a renamed file too, and never for another size or background', async () => {
    const files = await set()
    const cache = join(temporaryFolder(), 'cache')
    const first = await pixelsOf(await openFolder(writeFolder(files), { split: { test: 0.5 } }, cache))
    expect(opened.decoded).toBe(6)
    const again = await openFolder(writeFolder(files), { split: { test: 0.5 } }, cache)
    expect(await pixelsOf(again)).toBe(first)
    expect(opened.decoded).toBe(6)
    const renamed = writeFolder({
      'a/other.png': files[again.items.find(({ split }) => split === 'test')!.path]!,
    })
    const store = new ImageStore(await openFolder(renamed, {}, cache))
    await store.pixels(0, 8)
    expect(opened.decoded).toBe(6)
    await store.pixels(0, 9)
    await new ImageStore(await openFolder(renamed, { background: 'black' }, cache)).pixels(0, 8)
    expect(opened.decoded).toBe(8)
  })

  test('on disk that are cut short, gone or cannot be written are decoded again', async () => {
    const folder = writeFolder(await set())
    const cache = join(temporaryFolder(), 'cache')
    const open = (where: string) => openFolder(folder, { split: { test: 0.5 } }, where)
    const expected = await pixelsOf(await open(cache))
    const kept = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    expect(kept).toHaveLength(6)
    const [one, other] = kept.map((entry) => join(entry.parentPath, entry.name))
    truncateSync(one!, 50)
    rmSync(other!)
    expect(await pixelsOf(await open(cache))).toBe(expected)
    expect(opened.decoded).toBe(8)
    expect(statSync(one!).size).toBe(16 + 192)
    const blocked = join(writeFolder({ file: 'x' }), 'file', 'cache')
    expect(await pixelsOf(await open(blocked))).toBe(expected)
  })

  test('on disk stay under the limit, and what was used longest ago goes first', async () => {
    const folder = join(temporaryFolder(), 'decoded')
    const options = { size: 8, background: [255, 255, 255] as const }
    const file = (i: number) => Buffer.from(`file ${i}`)
    const paths = () =>
      readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (let i = 0; i < 10; i++) {
      await new DiskCache(folder, 10 * (16 + 192)).write(file(i), options, new Uint8Array(192).fill(i))
      const times = new Date(1_700_000_000_000 + i * 1000)
      const newest = paths().find((entry) => readFileSync(join(entry.parentPath, entry.name))[16] === i)!
      utimesSync(join(newest.parentPath, newest.name), times, times)
    }
    const cache = new DiskCache(folder, 10 * (16 + 192))
    // reading marks as used
    expect(await cache.read(file(0), options)).toHaveLength(192)
    await cache.write(file(10), options, new Uint8Array(192).fill(10))
    expect(paths().length).toBeLessThanOrEqual(10)
    const known = await Promise.all(Array.from({ length: 11 }, (_, i) => cache.read(file(i), options)))
    expect(known.map((pixels) => pixels?.[0])).toEqual([
      0,
      undefined,
      undefined,
      undefined,
      4,
      5,
      6,
      7,
      8,
      9,
      10,
    ])
  })
})
