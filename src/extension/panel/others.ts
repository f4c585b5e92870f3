import { dirname } from 'node:path'
import { compareRuns } from '../../engine/evaluate'
import { openRunFolder, readStoredSpec, type PredictionTable } from '../../events'
import { listRuns, summarizeRun, type RunSummary } from '../../runner/list'
import type { Comparison, OtherRun, PairedResult } from '../protocol'
import { readArtifact } from './artifact'
import { differingFields } from './specDifferences'

/** All runs of the folder that a run lies in, newest first. */
export async function runsBeside(folder: string): Promise<OtherRun[]> {
  return (await listRuns(dirname(folder))).map(shown)
}

function shown({ metrics, split, ...run }: RunSummary): OtherRun {
  const state = run.state === 'interrupted' ? 'failed' : run.state
  const { id, folder, name, strategy, created, step, steps } = run
  return {
    ...{ id, folder, name, strategy, created, step, steps, state },
    seed: seedOf(folder),
    ...(metrics && split && { accuracy: { step, split, ...metrics } }),
  }
}

function seedOf(folder: string): number {
  const { spec } = readStoredSpec<{ train?: { seed?: number } }>(openRunFolder(folder))
  return spec.train?.seed ?? 0
}

interface Predicted {
  run: OtherRun & { seconds?: number; moved?: number }
  /** By image path. */
  images: Map<string, { label: number; predicted: number }>
  classes: number
}

/** Runs side by side on the test images that all of them predicted; from what they left behind, nothing is computed anew. */
export async function compareBeside(folders: readonly string[]): Promise<Comparison> {
  const warnings: string[] = []
  const all = await Promise.all(folders.map((folder) => predicted(folder, warnings)))
  const runs = all.map(({ run }) => run)
  const comparable = all.filter(({ images }) => images.size > 0)
  const pairs = comparable.length > 1 ? pairsOf(comparable, warnings) : []
  if (new Set(runs.map(({ steps }) => steps)).size > 1)
    warnings.push('The runs took different numbers of steps; a longer run has an advantage of its own.')
  return { runs, pairs, differences: differingFields(folders), warnings }
}

async function predicted(folder: string, warnings: string[]): Promise<Predicted> {
  const summary = await summarizeRun(openRunFolder(folder))
  if (!summary) throw new Error(`there is no readable run in ${folder}`)
  const { seconds, moved } = summary
  const run = {
    ...shown(summary),
    ...(seconds !== undefined && { seconds }),
    ...(moved !== undefined && { moved }),
  }
  const images: Predicted['images'] = new Map()
  let classes = 0
  try {
    const table = (await readArtifact(folder, 'predictions-test.json')) as PredictionTable
    classes = table.classes.length
    table.paths.forEach((path, i) =>
      images.set(path, { label: table.labels[i]!, predicted: table.predicted[i]! }),
    )
  } catch {
    warnings.push(
      `${run.name} (${run.id}) has no predictions of test images; it is left out of the paired differences.`,
    )
  }
  return { run, images, classes }
}

function pairsOf(runs: readonly Predicted[], warnings: string[]): PairedResult[] {
  const [first, ...others] = runs
  const paths = [...first!.images.keys()].filter((path) =>
    others.every(({ images }) => images.get(path)?.label === first!.images.get(path)!.label),
  )
  if (paths.length < Math.max(...runs.map(({ images }) => images.size)))
    warnings.push(
      `The runs do not have the same test images; ${paths.length} are in all of them and are compared.`,
    )
  if (paths.length === 0) return []
  const labels = paths.map((path) => first!.images.get(path)!.label)
  const results = compareRuns(
    labels,
    Math.max(...runs.map(({ classes }) => classes)),
    runs.map(({ run, images }) => ({
      name: run.id,
      predicted: paths.map((path) => images.get(path)!.predicted),
    })),
  )
  return results.map(({ a, b, count, difference, interval, adjusted, verdict }) => ({
    ...{ a, b, images: count, difference },
    low: interval.low,
    high: interval.high,
    p: adjusted,
    separated: verdict === 'separated',
  }))
}
