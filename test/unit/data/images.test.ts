import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { describeFolder, evaluationBatches, openImages, openLabelledImages } from '../../../src/engine/data'
import { classFolders, noisePng, openFolder, temporaryFolder, writeFolder } from './folder'

const media = join(__dirname, '../../../media')

describe('evaluation', () => {
  test('gives each image of a split once, in order, with its pixels; the last batch is smaller', async () => {
    const dataset = await openFolder(writeFolder(await classFolders({ a: 7, b: 6 })), {
      split: { test: 0.5 },
    })
    const wanted = dataset.items.flatMap(({ split }, item) => (split === 'test' ? [item] : []))
    for (const batchSize of [1, 3, 100]) {
      const items: number[] = []
      const sizes: number[] = []
      for await (const batch of evaluationBatches(dataset, 'test', { size: 8, batchSize })) {
        items.push(...batch.items)
        sizes.push(batch.shape[0])
        expect(batch.images).toHaveLength(batch.shape[0] * 192)
        expect([...batch.labels]).toEqual(Array.from(batch.items, (item) => dataset.items[item]!.label))
        expect(batch.mirrored).toBeUndefined()
      }
      expect(items).toEqual(wanted)
      expect(sizes.slice(0, -1).every((size) => size === batchSize)).toBe(true)
    }
    for await (const batch of evaluationBatches(dataset, 'val', { size: 8, batchSize: 2 }))
      expect(batch).toBe('never')
  })

  test('with mirror follows each batch by its mirror image', async () => {
    const dataset = await openFolder(writeFolder(await classFolders({ a: 3, b: 3 })), { split: { test: 0 } })
    const batches = []
    for await (const batch of evaluationBatches(dataset, 'train', { size: 8, batchSize: 4, mirror: true }))
      batches.push(batch)
    expect(batches.map(({ mirrored, shape }) => [mirrored, shape[0]])).toEqual([
      [undefined, 4],
      [true, 4],
      [undefined, 2],
      [true, 2],
    ])
    const [plain, mirrored] = batches
    expect(mirrored!.items).toEqual(plain!.items)
    for (let image = 0; image < 4; image++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++) {
          const at = (x: number) => ((image * 8 + y) * 8 + x) * 3
          expect(mirrored!.images.slice(at(x), at(x) + 3)).toEqual(
            plain!.images.slice(at(7 - x), at(7 - x) + 3),
          )
        }
  })
})

describe('new images', () => {
  test('files and folders are taken in the order given, without labels', async () => {
    const base = writeFolder({
      'new/b.png': await noisePng(1),
      'new/sub/a.jpg': await noisePng(2),
      'one.png': await noisePng(3),
      'new/x.txt': 'x',
    })
    const elsewhere = join(writeFolder({ 'far.png': await noisePng(4) }), 'far.png')
    const dataset = await openImages(['one.png', 'new', elsewhere], { base })
    expect(dataset.items.map(({ path }) => path.split('/').at(-1))).toEqual([
      'one.png',
      'b.png',
      'a.jpg',
      'far.png',
    ])
    expect(dataset.items.every(({ label, split }) => label === -1 && split === 'test')).toBe(true)
    let seen = 0
    for await (const { labels, images } of evaluationBatches(dataset, 'test', { size: 8, batchSize: 10 })) {
      expect([...labels]).toEqual([-1, -1, -1, -1])
      expect(new Set([0, 1, 2, 3].map((i) => images.slice(i * 192, (i + 1) * 192).join())).size).toBe(4)
      seen++
    }
    expect(seen).toBe(1)
  })

  test('that are not there, or no images, are named', async () => {
    const base = writeFolder({ 'a.txt': 'x', 'empty/x.txt': 'x' })
    await expect(openImages(['gone.png'], { base })).rejects.toThrow(
      '"gone.png" does not exist; write the path of an image',
    )
    await expect(openImages(['empty'], { base })).rejects.toThrow('There are no images in "empty"')
    const dataset = await openImages(['a.txt'], { base })
    const first = evaluationBatches(dataset, 'test', { size: 8, batchSize: 1 })[Symbol.asyncIterator]().next()
    await expect(first).rejects.toThrow('"a.txt" is not an image that can be read; remove or replace it')
  })

  test('in class folders get the labels of the run, whatever classes are there', async () => {
    const classes = ['ant', 'bee', 'cat']
    const folder = writeFolder(await classFolders({ cat: 2, ant: 1 }))
    const dataset = await openLabelledImages(folder, { base: '.', media, classes })
    expect(dataset.classes).toEqual(classes)
    expect(dataset.counts).toEqual({ train: 0, val: 0, test: 3 })
    expect(dataset.items.map(({ path, label }) => [path, label])).toEqual([
      ['ant/0.png', 0],
      ['cat/0.png', 2],
      ['cat/1.png', 2],
    ])
    const other = writeFolder(await classFolders({ cat: 1, dog: 1 }))
    await expect(openLabelledImages(other, { base: '.', media, classes })).rejects.toThrow(
      / has a class "dog" that the network does not know; it knows "ant", "bee" and "cat"/,
    )
    const packaged = await openLabelledImages('thaw:noto-drawings', {
      base: '.',
      media,
      classes: 'bird building clothing mammal meal plant produce sport tool vehicle'.split(' '),
    })
    expect(packaged.counts.test).toBe(229)
  })
})

describe('a description for a suggestion', () => {
  test('of class folders tells classes, counts, sizes and problems, and decodes nothing', async () => {
    const photo = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: 'red' } })
        .jpeg()
        .toBuffer()
    const folder = writeFolder({
      ...(await classFolders({ cat: 30, dog: 3 })),
      'dog/x.jpg': await photo(640, 480),
      'dog/bad.png': '',
    })
    const found = await describeFolder(folder)
    expect(found).toMatchObject({
      kind: 'classes',
      given: [],
      images: 35,
      classes: [
        { name: 'cat', images: 30 },
        { name: 'dog', images: 5 },
      ],
      typicalSize: { width: 8, height: 8 },
      formats: { png: 33, jpeg: 1 },
      sampled: 34,
    })
    expect(found.problems.map(({ code }) => code)).toEqual(['empty-file', 'imbalance'])
  })

  test('of the packaged set tells its splits and no problem', async () => {
    const found = await describeFolder(join(media, 'packaged/drawings'), { sample: 20 })
    expect(found).toMatchObject({
      kind: 'splits',
      given: ['train', 'test'],
      images: 329,
      typicalSize: { width: 96, height: 96 },
      sampled: 20,
      problems: [],
    })
    expect(found.classes[0]).toEqual({ name: 'bird', images: 18, counts: { train: 10, val: 0, test: 8 } })
  })

  test('of folders without classes or images says which it is', async () => {
    expect(await describeFolder(writeFolder({ '1.png': await noisePng(1) }))).toMatchObject({
      kind: 'flat',
      images: 1,
      classes: [],
    })
    expect(await describeFolder(temporaryFolder())).toMatchObject({
      kind: 'none',
      images: 0,
      typicalSize: undefined,
      problems: [],
    })
    await expect(describeFolder('/nowhere/at/all')).rejects.toThrow('there is no folder')
  })
})
