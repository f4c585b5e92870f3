import { affineOf, type TransformDraw, type Transforms } from './transforms'
import { copyPixels, mirror, resample } from './resample'
import { storeOf } from './store'
import type { Dataset, ImageBatch } from './types'

/** One image of a batch, decided before anything is decoded. */
export interface PlannedImage {
  /** Index into `Dataset.items`. */
  item: number
  /** -1 for none. */
  view: number
  draw?: TransformDraw
}

/** A batch without its pixels. */
export function describeBatch(
  dataset: Pick<Dataset, 'items'>,
  plan: readonly PlannedImage[],
  size: number,
): ImageBatch {
  return {
    images: new Float32Array(0),
    shape: [plan.length, size, size, 3],
    labels: Int32Array.from(plan, ({ item }) => dataset.items[item]!.label),
    items: Int32Array.from(plan, ({ item }) => item),
    views: Int32Array.from(plan, ({ view }) => view),
  }
}

/** Decodes and transforms what was planned. `mirrored` turns every image left-right (without transforms). */
export async function renderBatch(
  dataset: Dataset,
  plan: readonly PlannedImage[],
  { size, transforms, mirrored }: { size: number; transforms?: Transforms; mirrored?: boolean },
): Promise<ImageBatch> {
  const values = size * size * 3
  const images = new Float32Array(plan.length * values)
  const store = storeOf(dataset)
  // Settled, so that no decoding is still under way when the first failure is reported.
  const results = await Promise.allSettled(
    plan.map(async ({ item, draw }, index) => {
      const pixels = await store.pixels(item, size)
      const offset = index * values
      if (draw && transforms) resample(pixels, size, affineOf(draw, size), transforms.fill, images, offset)
      else if (mirrored) resample(pixels, size, mirror(size), dataset.background, images, offset)
      else copyPixels(pixels, images, offset)
    }),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return { ...describeBatch(dataset, plan, size), images, ...(mirrored ? { mirrored } : {}) }
}
