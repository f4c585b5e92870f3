import type { ResolvedSpec } from '../../spec/schema'
import { createBatchStream, evaluationBatches, imageContents, openDataset, type ImageContents } from '../data'
import type { BatchStream, Dataset, ImageBatch, Split } from '../data/types'

/** Where a session gets its pictures: a folder on disk, or whatever a test or a notebook makes up. */
export interface ImageSource {
  dataset: Pick<Dataset, 'source' | 'classes' | 'items' | 'counts'>
  /** @param order positions in the train split to take in this order, from `train.inputs` */
  stream(size: number, order?: ArrayLike<number>): BatchStream
  /**
   * Every image of a split once; with `mirror` each batch is followed by its mirror images.
   * @param only positions in the data set: the others are left out
   */
  evaluation(
    split: Split,
    size: number,
    batchSize: number,
    mirror?: boolean,
    only?: ReadonlySet<number>,
  ): AsyncIterable<ImageBatch>
  /** Left out: an image is known by its place alone, and what is made of it is kept for this run alone. */
  contents?: ImageContents
}

/** The images that a run file names. */
export async function openImages(
  spec: ResolvedSpec,
  places: { base: string; media: string; cache?: string },
): Promise<ImageSource> {
  const dataset = await openDataset(spec.data, places)
  return {
    dataset,
    stream: (size, order) =>
      createBatchStream(dataset, {
        size,
        batchSize: spec.train.batchSize,
        transforms: spec.data.transforms,
        views: spec.data.views,
        shuffle: spec.data.shuffle,
        seed: spec.train.seed,
        order,
      }),
    evaluation: (split, size, batchSize, mirror, only) =>
      evaluationBatches(dataset, split, { size, batchSize, mirror, only }),
    contents: imageContents(dataset, { transforms: spec.data.transforms, seed: spec.train.seed }),
  }
}

/** Whether a training image is the same whenever it comes: then what a frozen prefix makes of it can be kept. */
export function imagesAreFixed({ data }: ResolvedSpec): boolean {
  return data.transforms === 'none' || data.views !== undefined
}
