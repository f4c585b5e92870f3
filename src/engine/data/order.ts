import { BatchPlanner, type PlannerOptions } from './planner'
import type { Dataset } from './types'

/**
 * Positions in the train split of the images that a stream of these options gives first.
 * @returns so many batches, one after the other, as `StreamOptions.order` takes them
 */
export function drawnOrder(
  dataset: Pick<Dataset, 'items'>,
  options: Pick<PlannerOptions, 'batchSize' | 'shuffle' | 'seed' | 'order'>,
  batches: number,
): Int32Array {
  const positions = new Map<number, number>()
  dataset.items.forEach(({ split }, index) => split === 'train' && positions.set(index, positions.size))
  const planner = new BatchPlanner(dataset, options)
  const drawn = Array.from({ length: batches }, () => planner.next()).flat()
  return Int32Array.from(drawn, ({ item }) => positions.get(item)!)
}
