import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createBatchStream, evaluationBatches, openDataset } from '../../../src/engine/data'
import { dataSchema } from '../../../src/spec/schema'

const where = { base: '.', media: join(__dirname, '../../../media') }
const spec = dataSchema.parse({})

test('the packaged drawings are ten classes of ten training images and 229 for test', async () => {
  const dataset = await openDataset(spec, where)
  expect(dataset.classes).toEqual(
    'bird building clothing mammal meal plant produce sport tool vehicle'.split(' '),
  )
  expect(dataset.counts).toEqual({ train: 100, val: 0, test: 229 })
  expect(dataset.findings).toEqual([])
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
    const pixels = batch.images.reduce(
      ([low, high], value) => [Math.min(low!, value), Math.max(high!, value)],
      [999, -999],
    )
    expect(pixels[0]).toBeGreaterThanOrEqual(0)
    expect(pixels[1]).toBe(255)
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
