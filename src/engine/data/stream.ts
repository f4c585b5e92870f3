import { UserError } from '../../spec/types'
import type { TransformSpec } from '../../spec/schema'
import { describeBatch, renderBatch, type PlannedImage } from './batch'
import { BatchPlanner } from './planner'
import { createTransforms } from './transforms'
import type { BatchStream, Dataset, ImageBatch, StreamState } from './types'

export interface StreamOptions {
  /** Side of the square images. */
  size: number
  batchSize: number
  transforms: TransformSpec | 'none'
  /** So many fixed views of each image instead of fresh draws: in epoch e every image shows view e mod `views`. */
  views?: number
  shuffle: boolean
  seed: number
  /** Batches prepared ahead; default 1. */
  prefetch?: number
  /** Positions in the train split, taken in this order and again from the start, instead of a shuffled order. */
  order?: ArrayLike<number>
}

interface Prepared {
  batch: Promise<ImageBatch>
  /** State after this batch. */
  after: StreamState
}

/** Endless stream of training batches: the next ones are decoded while this one trains. */
export function createBatchStream(dataset: Dataset, options: StreamOptions): BatchStream {
  const transforms = createTransforms(options.transforms)
  check(dataset, options)
  const planner = new BatchPlanner(dataset, { ...options, transforms })
  const depth = Math.max(0, options.prefetch ?? 1)
  let ready: Prepared[] = []
  let returned = planner.state()
  let closed = false
  /** Counts restores, so that what was under way before one is not taken for what came after. */
  let generation = 0
  /** Calls are answered one after the other. */
  let last: Promise<unknown> = Promise.resolve()

  async function make(plan: readonly PlannedImage[]): Promise<ImageBatch> {
    const render = () => renderBatch(dataset, plan, { size: options.size, transforms })
    if (!stream.spare) return render()
    const bare = describeBatch(dataset, plan, options.size)
    return (await stream.spare(bare)) ? { ...bare, render } : render()
  }

  function prepare(): Prepared {
    const batch = make(planner.next())
    // Reported by `next`, whenever that is called.
    batch.catch(noop)
    return { batch, after: planner.state() }
  }

  function restore(state: StreamState) {
    generation++
    ready = []
    planner.restore(state)
    returned = planner.state()
  }

  async function take(): Promise<ImageBatch> {
    if (closed) throw new Error('The batch stream is closed')
    const current = ready.shift() ?? prepare()
    while (ready.length < depth) ready.push(prepare())
    const begun = generation
    try {
      const batch = await current.batch
      if (begun === generation) returned = current.after
      return batch
    } catch (error) {
      // The same batch is tried again, so that a file put right in the meantime costs nothing.
      if (begun === generation) restore(returned)
      throw error
    }
  }

  const stream: BatchStream = {
    next() {
      const batch = last.then(take)
      last = batch.then(noop, noop)
      return batch
    },
    state: () => returned,
    restore,
    async close() {
      closed = true
      const left = ready
      ready = []
      await Promise.allSettled(left.map(({ batch }) => batch))
    },
  }
  return stream
}

const noop = () => undefined

function check(dataset: Dataset, { size, batchSize, views }: StreamOptions): void {
  if (dataset.counts.train === 0) throw new UserError(`data.source: ${dataset.source} has no training images`)
  const whole = { size, batchSize, ...(views === undefined ? {} : { views }) }
  for (const [name, value] of Object.entries(whole))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${name} must be a positive integer, not ${value}`)
}
