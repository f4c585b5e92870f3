import {
  compareGroups,
  detectableAhead,
  summarizeGroup,
  type GroupComparison,
  type GroupSummary,
} from '../engine/evaluate'
import { findUnequal, type Budget, type Unequal } from './budget'
import { reading } from './reading'
import { assertSameTest, type SeedResult } from './results'

/** A method with its runs, as a comparison takes it. */
export interface MethodRuns {
  name: string
  strategy: string
  /** Run file, where there was one. */
  file?: string
  /** Source and architecture of the network. */
  network: string
  budget: Budget
  /** Values that tuning found, and by what. */
  tuned?: { trials: number; metric: string; value: number; values?: Record<string, unknown> }
  results: SeedResult[]
  failed: { seed: number; message: string }[]
}

export type SeedRow = Omit<SeedResult, 'test'>

/** One method's row. */
export interface MethodRow extends Omit<MethodRuns, 'results'> {
  seeds: SeedRow[]
  /** Balanced accuracy, mean over the seeds, with its 95 % interval for other seeds and other test images. */
  summary: GroupSummary
  logLoss: number
  seconds: number
  moved: number | null
  distance: number | null
}

/** The whole comparison as plain data: `report.json`. */
export interface Analysis {
  v: 1
  data: { source: string; classes: number; train: number; val: number; test: number }
  seeds: number[]
  /** Where budgets differ, which had to be allowed. */
  unequal: Unequal[]
  methods: MethodRow[]
  comparisons: GroupComparison[]
  /** True difference that could be told at best, were all seeds alike; before anything has run. */
  ahead: number
  /** What may be said, in sentences. */
  reading: string[]
}

/** @throws UserError when the runs were tested on different images, or a method has none */
export function analyse(methods: readonly MethodRuns[], about: Pick<Analysis, 'data' | 'seeds'>): Analysis {
  const all = methods.flatMap(({ results }) => results)
  for (const other of all.slice(1)) assertSameTest(all[0]!, other)
  const { labels } = all[0]!.test
  const rows = methods.map(({ results, ...rest }): MethodRow => {
    const mean = (of: (result: SeedResult) => number | null) => average(results.map(of))
    return {
      ...rest,
      seeds: results.map(({ test: _test, ...row }) => row),
      summary: summarizeGroup(labels, groupOf(rest.name, results)),
      logLoss: mean(({ metrics }) => metrics.logLoss) ?? NaN,
      seconds: mean(({ seconds }) => seconds) ?? NaN,
      moved: mean(({ moved }) => moved),
      distance: mean(({ distance }) => distance),
    }
  })
  const comparisons = compareGroups(
    labels,
    methods.map(({ name, results }) => groupOf(name, results)),
  )
  const found = {
    v: 1 as const,
    ...about,
    unequal: findUnequal(methods.map(({ budget }) => budget)),
    methods: rows,
    comparisons,
    ahead: detectableAhead(labels.length, comparisons.length),
  }
  return { ...found, reading: reading(found) }
}

function groupOf(name: string, results: readonly SeedResult[]) {
  return { name, predicted: new Map(results.map(({ seed, test }) => [seed, test.predicted])) }
}

function average(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
