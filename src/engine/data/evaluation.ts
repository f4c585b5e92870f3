import type { TransformSpec } from '../../spec/schema'
import { renderBatch, type PlannedImage } from './batch'
import { drawView } from './planner'
import { createTransforms, type Transforms } from './transforms'
import type { Dataset, ImageBatch, Split } from './types'

export interface EvaluationOptions {
  size: number
  batchSize: number
  /** Each batch is followed by the same images mirrored left-right (`mirrored` is set on it). */
  mirror?: boolean
  /** Positions in the data set: the others are left out. */
  only?: ReadonlySet<number>
}

export interface ViewOptions {
  size: number
  batchSize: number
  transforms: TransformSpec | 'none'
  views: number
  seed: number
}

interface Work {
  plan: PlannedImage[]
  mirrored?: boolean
}

function itemsOf(dataset: Dataset, split: Split): number[] {
  return dataset.items.flatMap((item, index) => (item.split === split ? [index] : []))
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

/** Renders one batch ahead of the one that is looked at. */
async function* render(
  dataset: Dataset,
  work: readonly Work[],
  options: { size: number; transforms?: Transforms },
): AsyncGenerator<ImageBatch> {
  const start = (one: Work | undefined) => {
    const batch = one && renderBatch(dataset, one.plan, { ...options, mirrored: one.mirrored })
    batch?.catch(() => undefined)
    return batch
  }
  let next = start(work[0])
  for (let i = 0; i < work.length; i++) {
    const current = next!
    next = start(work[i + 1])
    yield await current
  }
}

/** Every image of a split once, in the order of `Dataset.items`, without transforms; the last batch may be smaller. */
export function evaluationBatches(
  dataset: Dataset,
  split: Split,
  { size, batchSize, mirror, only }: EvaluationOptions,
): AsyncIterable<ImageBatch> {
  const items = itemsOf(dataset, split).filter((item) => !only || only.has(item))
  const plans = chunks(
    items.map((item) => ({ item, view: -1 })),
    batchSize,
  )
  const work = plans.flatMap((plan): Work[] => (mirror ? [{ plan }, { plan, mirrored: true }] : [{ plan }]))
  return render(dataset, work, { size })
}

/**
 * Every fixed view of every image once, view by view: the images that a stream with the same `transforms`, `views`
 * and `seed` will give, so that what a frozen prefix makes of them can be computed once.
 */
export function viewBatches(
  dataset: Dataset,
  split: Split,
  { size, batchSize, transforms: spec, views, seed }: ViewOptions,
): AsyncIterable<ImageBatch> {
  const transforms = createTransforms(spec)
  const items = itemsOf(dataset, split)
  const plan = Array.from({ length: views }, (_, view) =>
    items.map((item): PlannedImage => ({
      item,
      view,
      draw: drawView(transforms, seed, dataset.items[item]!.path, view),
    })),
  ).flat()
  return render(
    dataset,
    chunks(plan, batchSize).map((one) => ({ plan: one })),
    { size, transforms },
  )
}
