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
import { analyse, type Analysis, type MethodRuns } from '../study/analysis'
import { budgetOf } from '../study/budget'
import { networkOf } from '../study/compare'
import { identityOfRun } from '../study/identity'
import { assertSameTest, readResult, type SeedResult, type TestPredictions } from '../study/results'
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

/** Each run's words on the test images, compared. @throws UserError when the test sets differ */
export async function compare(
  folders: readonly RunFolder[],
  say: (text: string) => void,
): Promise<Comparison> {
  const runs = await readRuns(folders, say)
  const { labels, classes } = runs[0]!.result.test
  const pairs = compareRuns(
    labels,
    classes.length,
    runs.map(({ compared, result }) => ({ name: compared.run, predicted: result.test.predicted })),
  )
  const groups = groupBySeed(runs)
  return {
    runs: runs.map(({ compared }) => compared),
    pairs,
    groups: groups
      .filter(({ runs: all }) => all.length > 1)
      .map(({ name, runs: all }) => ({
        ...summarizeSeeds(all.map(({ compared }) => compared.metrics.balancedAccuracy)),
        name,
        seeds: all.map(({ compared }) => compared.seed),
      })),
    overSeeds: overSeeds(groups),
  }
}

/** Runs that differ in nothing but their seed as one method, for a report. @throws UserError */
export async function analyseRuns(
  folders: readonly RunFolder[],
  say: (text: string) => void,
): Promise<Analysis> {
  const runs = await readRuns(folders, say)
  const groups = groupBySeed(runs)
  if (groups.length < 2)
    throw new UserError('these runs differ in nothing but their seed, so there is nothing to compare')
  const names = groups.map(({ name }) => name)
  const methods = groups.map(({ name, runs: all }, i): MethodRuns => {
    const { spec, view, compared } = all[0]!
    const { counts } = view.started!.data
    const unique = names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${i + 1})`
    return {
      name: unique,
      strategy: compared.strategy,
      network: networkOf(spec, view.started!.model.architecture),
      budget: budgetOf(unique, spec, counts.train),
      ...(spec.tuned && { tuned: spec.tuned }),
      results: all.map(({ result }) => result),
      failed: [],
    }
  })
  const { source, classes, counts } = runs[0]!.view.started!.data
  const seeds = [...new Set(runs.map(({ compared }) => compared.seed))].sort((a, b) => a - b)
  return analyse(methods, { data: { source, classes: classes.length, ...counts }, seeds })
}

interface ReadRun {
  compared: ComparedRun
  result: SeedResult
  view: RunView
  spec: ResolvedSpec
  group: string
}

async function readRuns(folders: readonly RunFolder[], say: (text: string) => void): Promise<ReadRun[]> {
  const runs: ReadRun[] = []
  for (const folder of folders) {
    const view = await readView(folder)
    const result = await readResult(folder, view, (asked) => {
      say(`${asked.id}: predicts its test images`)
      return predictTest(asked)
    })
    const { spec, base } = readStoredSpec<ResolvedSpec>(folder)
    const { test: _test, steps: _steps, ...row } = result
    const compared = { ...row, name: view.name || folder.id, strategy: view.started!.strategy.name }
    const group = identityOfRun({ spec: { ...spec, train: { ...spec.train, seed: 0 } }, base }, folder.path)
    runs.push({ compared, result, view, spec, group })
  }
  for (const other of runs.slice(1)) assertSameTest(runs[0]!.result, other.result)
  return runs
}

/** The test images once more, for a run that has not kept what it said of them. */
export async function predictTest(folder: RunFolder): Promise<TestPredictions> {
  const { model, spec, base } = await openRunModel(folder)
  const dataset = await openDataset(spec.data, { base, media: mediaFolder() })
  const items = dataset.items.filter(({ split }) => split === 'test')
  const test: Dataset = { ...dataset, items, counts: { train: 0, val: 0, test: items.length } }
  const predictions = await predict(model, spec, test)
  return {
    classes: [...model.classes],
    paths: predictions.map(({ path }) => path),
    labels: items.map(({ label }) => label),
    predicted: predictions.map(({ predicted }) => model.classes.indexOf(predicted)),
  }
}

interface Group {
  name: string
  runs: ReadRun[]
}

function groupBySeed(runs: readonly ReadRun[]): Group[] {
  const groups = new Map<string, Group>()
  for (const run of runs) {
    const group = groups.get(run.group) ?? { name: methodName(run.compared), runs: [] }
    if (group.runs.every(({ compared }) => compared.seed !== run.compared.seed)) group.runs.push(run)
    groups.set(run.group, group)
  }
  return [...groups.values()]
}

/** `L2-SP, seed 3` is called L2-SP. */
const methodName = ({ name, seed }: ComparedRun): string => name.replace(new RegExp(`, seed ${seed}$`), '')

function overSeeds(groups: readonly Group[]): Comparison['overSeeds'] {
  const values = groups.map(({ name, runs }) => ({
    name,
    values: new Map(runs.map(({ compared: { seed, metrics } }) => [seed, metrics.balancedAccuracy])),
  }))
  return compareSeedGroups(values).map(({ a, b, difference, adjusted, verdict }) => {
    const { count, mean, low, high } = difference
    return { a, b, seeds: count, difference: mean, low, high, p: adjusted, verdict }
  })
}
