import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  highestAttempt,
  isRunFolder,
  openRunFolder,
  readStatus,
  readStoredSpec,
  readTail,
  type Metrics,
  type RunFolder,
  type RunState,
} from '../events'
import type { ResolvedSpec } from '../spec/schema'
import { isEnded, livenessOfRun } from './liveness'

/** A row of a list of runs. */
export interface RunSummary {
  id: string
  folder: string
  name: string
  strategy: string
  /** `interrupted`: its process is gone without having said that it ended. */
  state: RunState | 'interrupted'
  attempt: number
  step: number
  steps: number
  /** Unix time in ms. */
  created: number
  /** Unix time in ms of the last sign of life; 0 when there was none. */
  heartbeat: number
  /** Of the newest evaluation among the last events. */
  metrics?: Metrics
  split?: 'train' | 'val' | 'test'
  /** Of an ended run. */
  seconds?: number
  moved?: number
  distance?: number
  message?: string
  /** Its log was written by another version of Thaw, so its results cannot be read. */
  foreign?: true
}

/**
 * One run for a list, from its small files and the end of its log, never from the whole log. Undefined when it has
 * no readable spec.
 */
export async function summarizeRun(folder: RunFolder): Promise<RunSummary | undefined> {
  let stored
  try {
    stored = readStoredSpec<ResolvedSpec>(folder)
  } catch {
    return undefined
  }
  const status = readStatus(folder.path)
  const attempt = highestAttempt(folder.path)
  const state = stateOf(folder.path, attempt, status?.state)
  const summary: RunSummary = {
    id: folder.id,
    folder: folder.path,
    name: stored.name,
    strategy: stored.spec.strategy.name,
    state,
    attempt,
    step: status?.step ?? 0,
    steps: status?.steps ?? 0,
    created: stored.created,
    heartbeat: status?.heartbeat ?? 0,
  }
  if (attempt > 0) await addResults(folder, summary)
  return summary
}

function stateOf(path: string, attempt: number, state: RunState | undefined): RunSummary['state'] {
  // taken out of the line, or still in it
  if (attempt === 0) return state === 'stopped' ? state : 'queued'
  if (isEnded(state)) return state!
  return livenessOfRun(path) === 'dead' ? 'interrupted' : (state ?? 'preparing')
}

async function addResults(folder: RunFolder, summary: RunSummary): Promise<void> {
  const lastStep = summary.state === 'interrupted' ? (['step'] as const) : []
  const skipped = { unreadable: 0, unknown: 0, foreign: 0 }
  const events = await readTail(folder.events, ['eval', 'run-ended', ...lastStep], { skipped })
  if (events.length === 0 && skipped.foreign > 0) summary.foreign = true
  for (const event of events) {
    if (event.attempt < summary.attempt && isEnded(summary.state as RunState)) continue
    if (event.kind === 'eval') {
      summary.metrics = event.metrics
      summary.split = event.split
    } else if (event.kind === 'step' && summary.state === 'interrupted') {
      summary.step = event.step
    } else if (event.kind === 'run-ended' && event.state === summary.state) {
      const { metrics, split, seconds, moved, distance, message, step } = event
      Object.assign(summary, { seconds, moved, distance, message, step })
      if (metrics) Object.assign(summary, { metrics, split })
    }
  }
}

/** Runs looked at at once. */
const PARALLEL = 16

/** Paths of the run folders in `root`, in no order. A folder that is not there has none. */
export async function runFolders(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [] as string[])
  return names
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(root, name))
    .filter(isRunFolder)
}

/** All runs in `root`, newest first. A folder that is not there has none. */
export async function listRuns(root: string): Promise<RunSummary[]> {
  const paths = await runFolders(root)
  const summaries: (RunSummary | undefined)[] = []
  let next = 0
  const work = async () => {
    while (next < paths.length) {
      const index = next++
      // a run may be removed while it is looked at
      summaries[index] = await summarizeRun(openRunFolder(paths[index]!)).catch(() => undefined)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return summaries
    .filter((summary) => summary !== undefined)
    .sort((a, b) => b.created - a.created || (a.id < b.id ? 1 : -1))
}
