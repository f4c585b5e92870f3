import { openDataset, type Dataset } from '../engine/data'
import { mediaFolder } from '../engine/media'
import type { RunFolder } from '../events'
import { ExitCode, UserError, type ResolvedSpec } from '../spec'
import { analyse, type Analysis, type MethodRuns } from './analysis'
import { budgetOf, findUnequal, unequalText, type Budget } from './budget'
import { assertFits, type StudyFile } from './file'
import type { PooledRun, RunPool, Wanted } from './pool'
import { assertSameTest, readResult, type TestPredictions } from './results'
import { proposeTrials } from './search'
import { bestRunFile, seedsOf, tune } from './tune'

export interface CompareOptions {
  seeds: readonly number[]
  /** Budgets may differ. */
  unequal?: boolean
  /** `tune` parts are not worked on: each file counts with its own values. */
  untuned?: boolean
  say(text: string): void
  /** What a run says of the test images, where it has not kept it. */
  predict(folder: RunFolder): Promise<TestPredictions>
}

interface Method {
  file: StudyFile
  budget: Budget
  dataset: Dataset
  tuned?: MethodRuns['tuned']
}

/**
 * Runs every file with every seed, tuned first where a file says what to tune, and compares. Undefined when the pool was
 * stopped on the way.
 * @throws UserError before anything runs when budgets or test images differ, or a file cannot run
 */
export async function compareFiles(
  files: readonly StudyFile[],
  pool: RunPool,
  options: CompareOptions,
): Promise<Analysis | undefined> {
  const methods = await plan(files, options)
  for (const { file } of methods) await assertFits(file)
  for (const method of methods) {
    const { file } = method
    if (!file.spec.tune || options.untuned) continue
    options.say(`${file.name}: ${method.budget.trials} tuning runs on the validation images`)
    const result = await tune(file, pool)
    if (!result.complete || pool.stopped) return undefined
    const { text, spec, tuned } = bestRunFile(file, result)
    method.file = { ...file, text, spec }
    method.budget = { ...budgetOf(file.name, spec, method.budget.training), trials: method.budget.trials }
    method.tuned = { ...tuned, values: result.best!.values }
  }
  const { seeds } = options
  const wanted = seeds.flatMap((seed) => methods.map(({ file }) => wantedOf(file, seed)))
  const runs = await pool.run(wanted)
  if (pool.stopped || runs.length < wanted.length) return undefined
  const found = await Promise.all(methods.map((method) => resultsOf(method, runs, options)))
  const { source, classes, counts } = methods[0]!.dataset
  return analyse(found, { data: { source, classes: classes.length, ...counts }, seeds: [...seeds] })
}

/** What will be compared and whether it may be. @throws UserError */
async function plan(files: readonly StudyFile[], { unequal, untuned }: CompareOptions): Promise<Method[]> {
  const double = files.find(({ name }, i) => files.findIndex((other) => other.name === name) < i)
  if (double)
    throw new UserError(
      `two of the files are called ${double.name}; give each its own "name", so that the table can tell them apart`,
    )
  const methods: Method[] = []
  for (const file of files) {
    const dataset = await openDataset(file.spec.data, { base: file.base, media: mediaFolder() })
    if (dataset.counts.test === 0)
      throw new UserError(
        `${file.file}: there are no test images to compare by; set data.split.test, for example to 0.2`,
      )
    const budget = budgetOf(file.name, file.spec, dataset.counts.train)
    const { tune } = file.spec
    const resized = Object.keys(tune?.space ?? {}).find((path) => RESIZING.has(path))
    if (resized && !unequal && !untuned)
      throw new UserError(
        `${file.file}: tunes ${resized}, and with it how many images the budget has; take it out of tune.space, or allow it with --unequal`,
      )
    if (tune && !untuned) budget.trials = proposeTrials(tune).length * seedsOf(file.spec).length
    const { tuned } = file.spec
    methods.push({ file, budget, dataset, ...(tuned && { tuned }) })
  }
  const [first, ...others] = methods
  for (const other of others)
    assertSameTest(
      { run: first!.file.name, test: testOf(first!.dataset) },
      { run: other.file.name, test: testOf(other.dataset) },
    )
  const different = findUnequal(methods.map(({ budget }) => budget))
  if (different.length > 0 && !unequal)
    throw new UserError(
      `the budgets are unequal (${different.map(unequalText).join('; ')}); give all files the same, or compare them nonetheless with --unequal`,
    )
  return methods
}

/** Fields that change the images in a step. */
const RESIZING = new Set(['train.batchSize', 'train.optimizer.accumulate'])

function testOf({ items, classes }: Dataset): TestPredictions {
  const test = items.filter(({ split }) => split === 'test')
  return {
    classes: [...classes],
    paths: test.map(({ path }) => path),
    labels: test.map(({ label }) => label),
    predicted: [],
  }
}

const keyOf = (name: string, seed: number): string => `${name}/${seed}`

function wantedOf({ name, spec, base }: StudyFile, seed: number): Wanted {
  const { tune: _tune, ...rest } = spec
  const { test: _test, ...train } = spec.train
  const label = `${name}, seed ${seed}`
  const seeded: ResolvedSpec = { ...rest, name: label.slice(0, 200), train: { ...train, seed } }
  return { key: keyOf(name, seed), label, spec: seeded, base }
}

async function resultsOf(
  { file, budget, tuned }: Method,
  runs: readonly PooledRun[],
  { seeds, predict }: CompareOptions,
): Promise<MethodRuns> {
  const own = seeds.map((seed) => ({ seed, run: runs.find(({ key }) => key === keyOf(file.name, seed))! }))
  const finished = own.filter(({ run }) => run.view.ended?.state === 'finished')
  const failed = own
    .filter(({ run }) => run.view.ended?.state !== 'finished')
    .map(({ seed, run }) => ({ seed, message: run.view.ended?.message ?? 'its process is gone' }))
  if (finished.length === 0)
    throw new UserError(`${file.name}: no run has finished; ${failed[0]?.message ?? ''}`, ExitCode.runFailed)
  const results = []
  for (const { run } of finished) results.push(await readResult(run.folder, run.view, predict))
  return {
    name: file.name,
    strategy: file.spec.strategy.name,
    file: file.file,
    network: networkOf(file.spec, finished[0]!.run.view.started!.model.architecture),
    budget,
    ...(tuned && { tuned }),
    results,
    failed,
  }
}

/** `efficientnet_lite0 to stage6, 96 px` */
export function networkOf({ model }: ResolvedSpec, architecture: string): string {
  const cut = model.cut === undefined ? '' : ` to ${model.cut}`
  return `${architecture}${cut}${model.inputSize === undefined ? '' : `, ${model.inputSize} px`}`
}
