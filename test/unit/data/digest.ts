import { createHash } from 'node:crypto'
import { createBatchStream, openDataset } from '../../../src/engine/data'
import { dataSchema } from '../../../src/spec/schema'

/** sha256 over items, ten batches and the state after them. */
export async function digestOf(
  folder: string,
  { views, cache }: { views?: number; cache?: string },
): Promise<string> {
  const spec = dataSchema.parse({ source: folder, shots: 4, views })
  const dataset = await openDataset(spec, { base: '.', media: '.', cache })
  const { transforms } = spec
  const stream = createBatchStream(dataset, {
    size: 12,
    batchSize: 5,
    transforms,
    views,
    shuffle: true,
    seed: 7,
  })
  const digest = createHash('sha256').update(JSON.stringify(dataset.items))
  for (let i = 0; i < 10; i++) {
    const { images, labels, items } = await stream.next()
    for (const values of [images, labels, items]) digest.update(new Uint8Array(values.buffer))
  }
  return digest.update(JSON.stringify(stream.state())).digest('hex')
}
