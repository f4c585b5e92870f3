import { openDataset, type Dataset } from '../engine/data'
import {
  compareRuns,
  compareSeedGroups,
  summarizeSeeds,
  type PairedComparison,
  type SeedSummary,
} from '../engine/evaluate'
import { mediaFolder } from '../engine/media'
import { predict } from '../engine/train'
import { readStoredSpec, type Metrics, type RunFolder, type RunView } from '../events'
import { UserError, type ResolvedSpec } from '../spec'
import { readView } from '../runner/find'
import { openRunModel } from './trained'

export interface ComparedRun {
  run: string
  name: string
  strategy: string
  seed: number
  metrics: Metrics
  seconds: number | null
  moved: number | null
  distance: number | null
  /** What computed: back end and precision, since neither gives the other's weights. */
  computed: string
}

export interface Comparison {
  runs: ComparedRun[]
  /** Every pair on the same test images. */
  pairs: (PairedComparison & { a: string; b: string })[]
  /** Runs that differ in nothing but their seed, as one. */
  groups: (SeedSummary & { name: string; seeds: number[] })[]
  /** Groups that have at least two seeds in common. */
  overSeeds: {
    a: string
    b: string
    seeds: number
    difference: number
    low: number
    high: number
    /** Of the paired t-test, adjusted by Holm for all groups compared. */
    p: number
    verdict: string
  }[]
}

/** Predicts the test images with each run's network, and compares. @throws UserError when the test sets differ */
export async function compare(
  folders: readonly RunFolder[],
  say: (text: string) => void,
): Promise<Comparison> {
  const runs: (ComparedRun & { predicted: number[]; paths: string[]; labels: number[]; group: string })[] = []
  for (const folder of folders) {
    const view = await readView(folder)
    const metrics = view.ended?.metrics
    if (!metrics || view.ended?.split !== 'test') {
      throw new UserError(
        `the run ${folder.id} has no result on test images (${view.ended?.state ?? view.state}); compare runs that are finished`,
      )
    }
    say(`${folder.id}: predicts its ${metrics.count} test images`)
    runs.push({ ...summary(folder, view, metrics), ...(await predictTest(folder)) })
  }
  const [first, ...others] = runs
  for (const other of others) checkSame(first!, other)
  const classes = Math.max(...first!.labels) + 1
  const pairs = compareRuns(
    first!.labels,
    classes,
    runs.map(({ run, predicted }) => ({ name: run, predicted })),
  )
  const groups = groupBySeed(runs)
  return {
    runs: runs.map(({ predicted: _p, paths: _a, labels: _l, group: _g, ...run }) => run),
    pairs,
    groups: groups
      .filter(({ runs: all }) => all.length > 1)
      .map(({ name, runs: all }) => ({
        ...summarizeSeeds(all.map(({ metrics }) => metrics.balancedAccuracy)),
        name,
        seeds: all.map(({ seed }) => seed),
      })),
    overSeeds: overSeeds(groups),
  }
}

function summary(folder: RunFolder, view: RunView, metrics: Metrics): ComparedRun {
  const { seconds = null, moved = null, distance = null } = view.ended ?? {}
  const { strategy, seed, backend } = view.started!
  const { precision = 'float32' } = readStoredSpec<ResolvedSpec>(folder).spec.train
  return {
    run: folder.id,
    name: view.name || folder.id,
    strategy: strategy.name,
    seed,
    metrics,
    seconds,
    moved,
    distance,
    computed: `${backend.name}, ${precision}`,
  }
}

async function predictTest(folder: RunFolder) {
  const { model, spec, base } = await openRunModel(folder)
  const dataset = await openDataset(spec.data, { base, media: mediaFolder() })
  const items = dataset.items.filter(({ split }) => split === 'test')
  const test: Dataset = { ...dataset, items, counts: { train: 0, val: 0, test: items.length } }
  const predictions = await predict(model, spec, test)
  const {
    train: { seed: _seed, ...train },
    name: _name,
    ...rest
  } = spec
  return {
    predicted: predictions.map(({ predicted }) => model.classes.indexOf(predicted)),
    paths: predictions.map(({ path }) => path),
    labels: items.map(({ label }) => label),
    group: JSON.stringify([rest, train]),
  }
}

interface Tested {
  run: string
  paths: readonly string[]
  labels: readonly number[]
}

function checkSame(a: Tested, b: Tested): void {
  const same =
    a.paths.length === b.paths.length &&
    a.paths.every((path, i) => path === b.paths[i] && a.labels[i] === b.labels[i])
  if (!same) {
    throw new UserError(
      `${a.run} and ${b.run} were tested on different images; compare runs with the same data.source and data.split`,
    )
  }
}

interface Group {
  name: string
  runs: ComparedRun[]
}

function groupBySeed(runs: readonly (ComparedRun & { group: string })[]): Group[] {
  const groups = new Map<string, Group>()
  for (const run of runs) {
    const group = groups.get(run.group) ?? { name: run.name, runs: [] }
    if (group.runs.every(({ seed }) => seed !== run.seed)) group.runs.push(run)
    groups.set(run.group, group)
  }
  return [...groups.values()]
}

function overSeeds(groups: readonly Group[]): Comparison['overSeeds'] {
  const values = groups.map(({ name, runs }) => ({
    name,
    values: new Map(runs.map(({ seed, metrics }) => [seed, metrics.balancedAccuracy])),
  }))
  return compareSeedGroups(values).map(({ a, b, difference, adjusted, verdict }) => {
    const { count, mean, low, high } = difference
    return { a, b, seeds: count, difference: mean, low, high, p: adjusted, verdict }
  })
}
