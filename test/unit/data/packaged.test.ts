import { join } from 'node:path'
import { expect, test } from 'vitest'
import { auditDataset, createBatchStream, evaluationBatches, openDataset } from '../../../src/engine/data'
import { dataSchema } from '../../../src/spec/schema'

const where = { base: '.', media: join(__dirname, '../../../media') }
const spec = dataSchema.parse({})

test('the packaged drawings are ten classes of ten training images and 229 for test', async () => {
  const dataset = await openDataset(spec, where)
  expect(dataset.classes).toEqual(
    'bird building clothing mammal meal plant produce sport tool vehicle'.split(' '),
  )
  expect(dataset.counts).toEqual({ train: 100, val: 0, test: 229 })
  expect(await auditDataset(dataset)).toEqual([])
  for (let label = 0; label < 10; label++)
    expect(dataset.items.filter((item) => item.label === label && item.split === 'train')).toHaveLength(10)
  const names = dataset.items.map(({ path }) => path.split('/').at(-1))
  expect(new Set(names).size).toBe(329)
})

test('an epoch of the packaged drawings shows every training image once', async () => {
  const dataset = await openDataset(spec, where)
  const stream = createBatchStream(dataset, {
    size: 96,
    batchSize: 20,
    transforms: spec.transforms,
    shuffle: true,
    seed: 1,
  })
  const seen = new Set<number>()
  for (let i = 0; i < 5; i++) {
    const batch = await stream.next()
    expect(batch.shape).toEqual([20, 96, 96, 3])
    for (const item of batch.items) seen.add(item)
    expect(batch.images.every((value) => value >= 0 && value <= 255)).toBe(true)
    expect(batch.images.includes(255)).toBe(true)
  }
  expect(seen.size).toBe(100)
  await stream.close()
})

test('evaluation shows every test image once, in the order of the items', async () => {
  const dataset = await openDataset(spec, where)
  const items: number[] = []
  for await (const batch of evaluationBatches(dataset, 'test', { size: 32, batchSize: 50 }))
    items.push(...batch.items)
  expect(items).toEqual(Array.from({ length: 229 }, (_, index) => index + 100))
})

/** Differences of neighbouring grey levels, scaled to length 1: the shape of a drawing, whatever its colours. */
function shapeOf(pixels: Float32Array, size: number): Float32Array {
  const grey = Float32Array.from(
    { length: size * size },
    (_, i) => pixels[3 * i]! + pixels[3 * i + 1]! + pixels[3 * i + 2]!,
  )
  const shape = new Float32Array(2 * size * size)
  for (let i = 0; i < size * (size - 1); i++) {
    shape[2 * i] = i % size < size - 1 ? grey[i + 1]! - grey[i]! : 0
    shape[2 * i + 1] = grey[i + size]! - grey[i]!
  }
  const length = Math.hypot(...shape)
  return shape.map((value) => value / length)
}

test('no drawing of the test set has the shape of one that was trained on, or of its mirror image', async () => {
  const dataset = await openDataset(spec, where)
  const size = 32
  const shapesOf = async (split: 'train' | 'test', mirror: boolean) => {
    const shapes: { item: number; shape: Float32Array }[] = []
    for await (const { images, items } of evaluationBatches(dataset, split, { size, batchSize: 50, mirror }))
      items.forEach((item, i) =>
        shapes.push({ item, shape: shapeOf(images.subarray(i * size * size * 3), size) }),
      )
    return shapes
  }
  const trained = await shapesOf('train', true)
  expect(trained).toHaveLength(200)
  const likeness = (one: Float32Array, other: Float32Array) => {
    let sum = 0
    for (let i = 0; i < one.length; i++) sum += one[i]! * other[i]!
    return sum
  }
  const tested = await shapesOf('test', false)
  const find = (name: string) =>
    tested.find(({ item }) => dataset.items[item]!.path.endsWith(`/${name}.png`))!.shape
  // one drawing in two colours is above the limit, two kinds of car are below it
  const limit = 0.72
  expect(likeness(find('hotel'), find('love_hotel'))).toBeGreaterThan(limit)
  expect(likeness(find('softball'), find('baseball'))).toBeGreaterThan(limit)
  for (const { item, shape } of tested)
    for (const other of trained)
      if (likeness(shape, other.shape) > limit)
        expect.fail(`${dataset.items[item]!.path} ${dataset.items[other.item]!.path}`)
})
