import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createBatchStream, viewBatches, type ImageBatch, type StreamState } from '../../../src/engine/data'
import { renderBatch } from '../../../src/engine/data/batch'
import { transformsSchema } from '../../../src/spec/schema'
import { classFolders, keptFolder, noisePng, openFolder, writeFolder } from './folder'

const transforms = transformsSchema.parse({})
const options = { size: 8, batchSize: 4, transforms, shuffle: true, seed: 3 }

/** Ten training images in two classes, so that batches of four cross the ends of epochs. */
async function ten() {
  return openFolder(writeFolder(await classFolders({ a: 6, b: 4 })), { split: { test: 0 } })
}

const seen = ({ images, labels, items, views }: ImageBatch) => ({
  images: [...images],
  labels: [...labels],
  items: [...items],
  views: [...views],
})

describe('restoring', () => {
  const folder = keptFolder()
  let expected: ReturnType<typeof seen>[] = []
  let states: StreamState[] = []
  let dataset: Awaited<ReturnType<typeof ten>>

  async function record(change: Partial<Parameters<typeof createBatchStream>[1]> = {}) {
    const stream = createBatchStream(dataset, { ...options, prefetch: 0, ...change })
    const batches = []
    const states = [stream.state()]
    for (let i = 0; i < 12; i++) {
      batches.push(seen(await stream.next()))
      states.push(stream.state())
    }
    return { batches, states }
  }

  // a stream without prefetch, never interrupted
  beforeAll(async () => {
    dataset = await openFolder(writeFolder(await classFolders({ a: 6, b: 4 }), folder), {
      split: { test: 0 },
    })
    ;({ batches: expected, states } = await record())
  })

  test.each([0, 1, 2, 5])(
    'at any position, prefetching %i batches, gives the batches not yet returned',
    async (prefetch) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(8), fc.nat(3), fc.nat(12), async (before, ahead, elsewhere) => {
          const stream = createBatchStream(dataset, { ...options, prefetch })
          for (let i = 0; i < before; i++) expect(seen(await stream.next())).toEqual(expected[i])
          const state = JSON.parse(JSON.stringify(stream.state())) as StreamState
          expect(state).toEqual(states[before])
          // what the interrupted one does afterwards does not matter
          for (let i = 0; i < ahead; i++) await stream.next()
          const other = createBatchStream(dataset, { ...options, prefetch })
          for (let i = 0; i < elsewhere % 4; i++) await other.next()
          other.restore(state)
          expect(other.state()).toEqual(state)
          for (let i = before; i < before + 3; i++) expect(seen(await other.next())).toEqual(expected[i])
          expect(other.state()).toEqual(states[before + 3])
          await Promise.all([stream.close(), other.close()])
        }),
        { numRuns: 25 },
      )
    },
  )

  test('gives the same batches with fixed views, and without a shuffled order', async () => {
    for (const change of [
      { views: 3 },
      { shuffle: false },
      { transforms: 'none' as const },
      { order: [9, 3, 3, 0, 5] },
    ]) {
      const { batches, states } = await record(change)
      const stream = createBatchStream(dataset, { ...options, ...change, prefetch: 2 })
      stream.restore(states[5]!)
      for (let i = 5; i < 9; i++) expect(seen(await stream.next())).toEqual(batches[i])
      await stream.close()
    }
  })

  test('while a batch is under way leaves the state at what was restored', async () => {
    const stream = createBatchStream(dataset, { ...options, prefetch: 3 })
    const pending = stream.next()
    await Promise.resolve()
    stream.restore(states[4]!)
    await pending
    expect(stream.state()).toEqual(states[4])
    expect(seen(await stream.next())).toEqual(expected[4])
    await stream.close()
  })
})

test('calls that do not wait for each other are answered in turn', async () => {
  const dataset = await ten()
  const one = createBatchStream(dataset, options)
  const other = createBatchStream(dataset, options)
  const together = await Promise.all([one.next(), one.next(), one.next()])
  for (const batch of together) expect(seen(batch)).toEqual(seen(await other.next()))
  expect(one.state()).toEqual(other.state())
})

test('each epoch shows every image once in an order of its own, batches all of one size', async () => {
  const dataset = await ten()
  const stream = createBatchStream(dataset, { ...options, transforms: 'none' })
  const items: number[] = []
  for (let i = 0; i < 10; i++) {
    const batch = await stream.next()
    expect(batch.shape).toEqual([4, 8, 8, 3])
    items.push(...batch.items)
  }
  const epochs = [0, 10, 20, 30].map((from) => items.slice(from, from + 10))
  for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(4)
})

test('a batch larger than the set goes on into the next epochs', async () => {
  const stream = createBatchStream(await ten(), { ...options, batchSize: 25, shuffle: false })
  const { items } = await stream.next()
  expect([...items]).toEqual(Array.from({ length: 25 }, (_, i) => i % 10))
  expect(stream.state()).toMatchObject({ epoch: 2, position: 5 })
})

test('an image always comes with its own label and its own pixels', async () => {
  const dataset = await ten()
  const stream = createBatchStream(dataset, { ...options, transforms: 'none' })
  const alone = await renderBatch(
    dataset,
    dataset.items.map((_, item) => ({ item, view: -1 })),
    { size: 8 },
  )
  for (let i = 0; i < 5; i++) {
    const batch = await stream.next()
    batch.items.forEach((item, at) => {
      expect(batch.labels[at]).toBe(dataset.items[item]!.label)
      expect(batch.images.slice(at * 192, (at + 1) * 192)).toEqual(
        alone.images.slice(item * 192, (item + 1) * 192),
      )
    })
  }
})

test('another seed gives another order and other transforms; the streams do not disturb each other', async () => {
  const dataset = await ten()
  const first = async (change: object) =>
    seen(await createBatchStream(dataset, { ...options, ...change }).next())
  const base = await first({})
  const otherSeed = await first({ seed: 4 })
  expect(otherSeed.items).not.toEqual(base.items)
  expect(otherSeed.images).not.toEqual(base.images)
  // the order is the same whatever the transforms are
  expect((await first({ transforms: 'none' })).items).toEqual(base.items)
  // a transform that is left out leaves the others as they were drawn
  const still = { ...transforms, flip: false }
  const same = await first({ transforms: still })
  expect(same.images).not.toEqual(base.images)
  expect(await first({ transforms: still })).toEqual(same)
})

test('views: K gives each image K pictures, in turn, the same in every round', async () => {
  const dataset = await ten()
  const stream = createBatchStream(dataset, { ...options, batchSize: 10, views: 3 })
  const pictures = new Map<string, number[]>()
  for (let epoch = 0; epoch < 7; epoch++) {
    const { images, items, views } = await stream.next()
    items.forEach((item, at) => {
      expect(views[at]).toBe(epoch % 3)
      const key = `${item}/${views[at]}`
      const pixels = [...images.slice(at * 192, (at + 1) * 192)]
      if (pictures.has(key)) expect(pixels).toEqual(pictures.get(key))
      else pictures.set(key, pixels)
    })
  }
  expect(pictures.size).toBe(30)
  expect(new Set([...pictures.values()].map(String)).size).toBe(30)

  const listed = new Map<string, number[]>()
  for await (const batch of viewBatches(dataset, 'train', {
    size: 8,
    batchSize: 7,
    transforms,
    views: 3,
    seed: 3,
  }))
    batch.items.forEach((item, at) =>
      listed.set(`${item}/${batch.views[at]}`, [...batch.images.slice(at * 192, (at + 1) * 192)]),
    )
  expect(listed).toEqual(new Map([...listed.keys()].map((key) => [key, pictures.get(key)])))
  expect(listed.size).toBe(30)
})

test('an outside order is followed to the letter', async () => {
  const order = Float32Array.of(9, 0, 4, 4, 1)
  const stream = createBatchStream(await ten(), { ...options, transforms: 'none', order })
  const items = [...(await stream.next()).items, ...(await stream.next()).items]
  expect(items).toEqual([9, 0, 4, 4, 1, 9, 0, 4])
  const dataset = await ten()
  expect(() => createBatchStream(dataset, { ...options, order: [10] })).toThrow('names image 10')
  expect(() => createBatchStream(dataset, { ...options, order: [0.5] })).toThrow('names image 0.5')
  expect(() => createBatchStream(dataset, { ...options, order: [] })).toThrow('is empty')
})

test('a broken image stops with its name when its batch is due, and the same batch comes once it is mended', async () => {
  const files = await classFolders({ a: 6, b: 4 })
  const whole = files['b/1.png']!
  const folder = writeFolder({ ...files, 'b/1.png': whole.slice(0, whole.length >> 1) })
  const dataset = await openFolder(folder, { split: { test: 0 } })
  const stream = createBatchStream(dataset, { ...options, shuffle: false, prefetch: 2 })
  await stream.next()
  const state = stream.state()
  await expect(stream.next()).rejects.toThrow(/"b\/1\.png" cannot be decoded \(.+\); remove or replace it/)
  expect(stream.state()).toEqual(state)
  writeFileSync(join(folder, 'b/1.png'), whole)
  expect([...(await stream.next()).items]).toEqual([4, 5, 6, 7])
})

test('without training images there is no stream', async () => {
  const folder = writeFolder({ 'a/1.png': await noisePng(1), 'b/1.png': await noisePng(2) })
  const dataset = await openFolder(folder)
  const none = { ...dataset, counts: { train: 0, val: 0, test: 2 } }
  expect(() => createBatchStream(none, options)).toThrow('has no training images')
})
