import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readStoredSpec, type Metrics, type PredictionTable, type RunFolder, type RunView } from '../events'
import { UserError, type ResolvedSpec } from '../spec'

/** What a finished run says of the test images, in the order of the data set. */
export interface TestPredictions {
  classes: string[]
  paths: string[]
  /** Indices of classes. */
  labels: number[]
  predicted: number[]
}

/** A finished run of one seed. */
export interface SeedResult {
  seed: number
  run: string
  metrics: Metrics
  seconds: number
  /** Share of backbone values that moved, and relative distance from the pre-trained network; null where there is none. */
  moved: number | null
  distance: number | null
  /** Optimizer steps taken. */
  steps: number
  /** Back end and precision, since neither gives the other's weights. */
  computed: string
  test: TestPredictions
}

/** @throws UserError when the run has no result on test images */
export async function readResult(
  folder: RunFolder,
  view: RunView,
  predict: (folder: RunFolder) => Promise<TestPredictions>,
): Promise<SeedResult> {
  const { ended, started } = view
  if (!ended?.metrics || ended.split !== 'test' || !started)
    throw new UserError(
      `the run ${folder.id} has no result on test images (${ended?.state ?? view.state}); compare runs that are finished`,
    )
  const { precision = 'float32' } = readStoredSpec<ResolvedSpec>(folder).spec.train
  const finite = (value: number) => (Number.isFinite(value) ? value : null)
  return {
    seed: started.seed,
    run: folder.id,
    metrics: ended.metrics,
    seconds: ended.seconds,
    moved: finite(ended.moved),
    distance: finite(ended.distance),
    steps: ended.step,
    computed: `${started.backend.name}, ${precision}`,
    test: storedPredictions(folder, ended) ?? (await predict(folder)),
  }
}

/** What the run itself kept of its last evaluation; undefined where that is not whole or not of its end. */
function storedPredictions(
  folder: RunFolder,
  { step, metrics }: NonNullable<RunView['ended']>,
): TestPredictions | undefined {
  let table: PredictionTable
  try {
    table = JSON.parse(
      readFileSync(join(folder.artifacts, 'predictions-test.json'), 'utf8'),
    ) as PredictionTable
  } catch {
    return undefined
  }
  const { classes, paths, labels, predicted, total } = table
  const whole = labels.length === total && total === metrics?.count && table.step === step
  return whole ? { classes, paths, labels, predicted } : undefined
}

/** @throws UserError when two runs were tested on different images */
export function assertSameTest(
  a: { run: string; test: TestPredictions },
  b: { run: string; test: TestPredictions },
): void {
  const same =
    a.test.paths.length === b.test.paths.length &&
    a.test.paths.every((path, i) => path === b.test.paths[i] && a.test.labels[i] === b.test.labels[i])
  if (!same)
    throw new UserError(
      `${a.run} and ${b.run} were tested on different images; compare runs with the same data.source and data.split`,
    )
}
