import type { FilterDistances, LogHistogram } from '../../../src/events/pictures/l2-sp'
import { groupBy } from '../../groups'
import { addHistograms, medianOf } from '../../plot/ridge'

export interface StageDistances {
  stage: string
  filters: number
  atStart: number
  histogram: LogHistogram
  /** Of the sum of the layers' histograms, so within one bin. */
  median: number
}

/** Filters of each stage together, in the order of the network. */
export function byStage({ rows }: FilterDistances): StageDistances[] {
  const stages = groupBy(rows, ({ stage }) => stage)
  return [...stages].map(([stage, own]) => {
    const histogram = addHistograms(own.map((row) => row.histogram))
    return {
      stage,
      filters: own.reduce((sum, row) => sum + row.filters, 0),
      atStart: own.reduce((sum, row) => sum + row.atStart, 0),
      histogram,
      median: medianOf(histogram),
    }
  })
}
