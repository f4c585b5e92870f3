import { openDataset } from '../engine/data'
import { mediaFolder } from '../engine/media'
import { judge } from '../engine/train/earlyStopping'
import type { Metrics, RunView } from '../events'
import { UserError, withoutTune, type ResolvedSpec, type TunedSpec, type TuneSpec } from '../spec'
import { valuesText, withValues, type StudyFile } from './file'
import type { PooledRun, RunPool, Wanted } from './pool'
import { proposeTrials, type Trial } from './search'

type Metric = TuneSpec['metric']

export interface TrialResult extends Trial {
  state: 'finished' | 'failed' | 'open'
  /** Of the metric on the validation images, mean over the seeds; null where a run gave none. */
  value: number | null
  /** Of the balanced accuracy; for the chance of the validation images alone. */
  low: number | null
  high: number | null
  seconds: number
  runs: { seed: number; run: string; value: number | null; reused: boolean }[]
  message?: string
}

export interface TuneResult {
  file: string
  metric: Metric
  search: TuneSpec['search']
  seeds: number[]
  /** Validation images. */
  images: number
  trials: TrialResult[]
  /** Every trial of the budget is over. */
  complete: boolean
  best?: TrialResult
  /** Numbers of trials that the validation images do not tell from the best one. */
  alike: number[]
}

/** Trials and the runs that they need. @throws UserError when the file says nothing to tune, or a trial would be wrong */
export async function planTuning(
  file: StudyFile,
): Promise<{ tune: TuneSpec; trials: Trial[]; wanted: Wanted[]; images: number }> {
  const { spec, base } = file
  const { tune } = spec
  if (!tune)
    throw new UserError(
      `${file.file}: says nothing to tune; write for example "tune": {"space": {"train.optimizer.rate": {"logUniform": [1e-4, 1e-2]}}}`,
    )
  const { counts } = await openDataset(spec.data, { base, media: mediaFolder() })
  if (counts.val === 0)
    throw new UserError(
      `${file.file}: tuning chooses by validation images, and there are none; set data.split.val, for example to 0.2`,
    )
  const trials = proposeTrials(tune)
  const wanted = trials.flatMap((trial) => seedsOf(spec).map((seed) => wantedOf(file, trial, seed)))
  return { tune, trials, wanted, images: counts.val }
}

export const seedsOf = ({ tune, train }: ResolvedSpec): number[] => tune?.seeds ?? [train.seed]

const keyOf = (trial: Trial, seed: number): string => `${trial.number}/${seed}`

function wantedOf(file: StudyFile, trial: Trial, seed: number): Wanted {
  const text = withoutTune(file.text)
  const fixed = { 'train.seed': seed, 'train.test': false }
  const { spec, problems } = withValues({ ...file, text }, { ...trial.values, ...fixed })
  const label = `${file.name}, trial ${trial.number}`
  if (!spec) {
    const { path, message, hint } = problems.find(({ severity }) => severity === 'error')!
    throw new UserError(
      `${file.file}: trial ${trial.number} (${valuesText(trial.values)}) is no run file: ${path}: ${message}; ${hint}`,
    )
  }
  const named = {
    ...spec,
    name: `${label}${seedsOf(file.spec).length > 1 ? `, seed ${seed}` : ''}`.slice(0, 200),
  }
  return { key: keyOf(trial, seed), label: named.name, spec: named, base: file.base }
}

/** Runs the trials that are not there yet, and ranks all of them. */
export async function tune(file: StudyFile, pool: RunPool): Promise<TuneResult> {
  const { tune: spec, trials, wanted, images } = await planTuning(file)
  const runs = new Map((await pool.run(wanted)).map((run) => [run.key, run]))
  const results = trials.map((trial) => resultOf(trial, seedsOf(file.spec), runs, wanted, spec.metric))
  const better = (a: TrialResult, b: TrialResult) =>
    spec.metric === 'loss' ? a.value! < b.value! : a.value! > b.value!
  const finished = results.filter(({ value }) => value !== null)
  const best = finished.reduce<TrialResult | undefined>(
    (top, one) => (!top || better(one, top) ? one : top),
    undefined,
  )
  return {
    file: file.file,
    metric: spec.metric,
    search: spec.search,
    seeds: seedsOf(file.spec),
    images,
    trials: results,
    complete: results.every(({ state }) => state !== 'open'),
    ...(best && { best }),
    alike: best && spec.metric === 'balancedAccuracy' ? alike(best, finished) : [],
  }
}

/** Those within the interval of the best one. */
function alike(best: TrialResult, trials: readonly TrialResult[]): number[] {
  return trials
    .filter((trial) => trial !== best && best.low !== null && trial.value! >= best.low)
    .map(({ number }) => number)
}

function resultOf(
  trial: Trial,
  seeds: readonly number[],
  runs: ReadonlyMap<string, PooledRun>,
  wanted: readonly Wanted[],
  metric: Metric,
): TrialResult {
  const there = seeds.flatMap((seed) => {
    const key = keyOf(trial, seed)
    const run = runs.get(key)
    const { spec } = wanted.find((one) => one.key === key)!
    return run ? [{ seed, run, metrics: chosenMetrics(run.view, spec) }] : []
  })
  const failed = there.find(({ run }) => run.view.ended?.state === 'failed' || run.how === 'interrupted')
  const whole =
    there.length === seeds.length && there.every(({ metrics }) => finite(metrics?.[metric]) !== null)
  const average = (of: (metrics: Metrics) => number) =>
    whole ? there.reduce((sum, { metrics }) => sum + of(metrics!), 0) / seeds.length : null
  const message = failed?.run.view.ended?.message ?? (failed && 'its process is gone')
  return {
    ...trial,
    state: failed ? 'failed' : whole ? 'finished' : 'open',
    value: average((metrics) => metrics[metric]),
    low: average(({ low }) => low),
    high: average(({ high }) => high),
    seconds: there.reduce((sum, { run }) => sum + (run.view.ended?.seconds ?? 0), 0),
    runs: there.map(({ seed, run, metrics }) => ({
      seed,
      run: run.folder.id,
      value: finite(metrics?.[metric]),
      reused: run.reused,
    })),
    ...(message !== undefined && { message }),
  }
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null

/** On the validation images, of the weights that the run ended with. */
function chosenMetrics({ ended, evals }: RunView, { train }: ResolvedSpec): Metrics | undefined {
  if (ended?.state !== 'finished') return undefined
  const told = evals.filter(({ split }) => split === 'val')
  if (train.keep !== 'best') return told.at(-1)?.metrics
  const { metric = 'balancedAccuracy' } = train.earlyStopping ?? {}
  let best: ReturnType<typeof judge> | undefined
  for (const { metrics, step } of told) best = judge(best, metric, metrics, step)
  return told.find(({ step }) => step === best?.step)?.metrics
}

/** The run file of the best trial: the values set, comments kept, the trials on record. @throws UserError without one */
export function bestRunFile(
  file: StudyFile,
  result: TuneResult,
): { text: string; spec: ResolvedSpec; tuned: TunedSpec } {
  const { best, metric, search, seeds, trials } = result
  if (!best)
    throw new UserError(
      `no trial of ${file.file} has finished, so there is no best one; ${trials[0]?.message ?? ''}`,
    )
  const tuned: TunedSpec = {
    trials: trials.length,
    seeds: seeds.length,
    search,
    metric,
    value: best.value!,
    from: file.file,
  }
  const made = withValues({ ...file, text: withoutTune(file.text) }, { ...best.values, tuned })
  return { text: made.text, spec: made.spec!, tuned }
}
