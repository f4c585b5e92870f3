import type { RunSummary } from '../../runner/list'

export type Grouping = 'none' | 'state' | 'strategy' | 'folder'
export type Sorting = 'newest' | 'accuracy' | 'name'

export interface Arrangement {
  group: Grouping
  sort: Sorting
  /** Words that must all occur in name, strategy, state or id. */
  filter: string
  /** Folders of starred runs: they come first. */
  starred: ReadonlySet<string>
}

export interface RunGroup {
  /** Empty for the only group of `none`. */
  title: string
  runs: RunSummary[]
}

const ORDER = ['running', 'paused', 'preparing', 'queued', 'interrupted', 'failed', 'stopped', 'finished']

const accuracyOf = ({ metrics }: RunSummary): number => metrics?.balancedAccuracy ?? -1

const sorts: Record<Sorting, (a: RunSummary, b: RunSummary) => number> = {
  newest: (a, b) => b.created - a.created,
  accuracy: (a, b) => accuracyOf(b) - accuracyOf(a) || b.created - a.created,
  name: (a, b) => a.name.localeCompare(b.name) || b.created - a.created,
}

function matches(run: RunSummary, filter: string): boolean {
  const text = `${run.name} ${run.strategy} ${run.state} ${run.id}`.toLowerCase()
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

/** Runs as the list shows them; pure. */
export function arrange(
  runs: readonly RunSummary[],
  { group, sort, filter, starred }: Arrangement,
): RunGroup[] {
  const star = (run: RunSummary) => Number(starred.has(run.folder))
  const shown = runs
    .filter((run) => matches(run, filter))
    .sort((a, b) => star(b) - star(a) || sorts[sort](a, b))
  if (group === 'none') return shown.length > 0 ? [{ title: '', runs: shown }] : []
  const titleOf = (run: RunSummary) =>
    group === 'state' ? run.state : group === 'strategy' ? run.strategy : folderOf(run.folder)
  const groups = new Map<string, RunSummary[]>()
  for (const run of shown) {
    const list = groups.get(titleOf(run))
    if (list) list.push(run)
    else groups.set(titleOf(run), [run])
  }
  const titles = [...groups.keys()].sort((a, b) =>
    group === 'state' ? ORDER.indexOf(a) - ORDER.indexOf(b) : a.localeCompare(b),
  )
  return titles.map((title) => ({ title, runs: groups.get(title)! }))
}

/** The folder that holds `.thaw/runs/ID`. */
const folderOf = (folder: string): string => folder.split(/[\\/]/).slice(0, -3).join('/')

/** `3 min ago`, in the largest unit that fits. */
export function ageOf(created: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - created) / 1000))
  const units: [string, number][] = [
    ['day', 86_400],
    ['h', 3600],
    ['min', 60],
  ]
  for (const [unit, size] of units) {
    const n = Math.floor(seconds / size)
    if (n > 0) return `${n} ${unit}${unit === 'day' && n > 1 ? 's' : ''} ago`
  }
  return 'just now'
}

/** What stands behind a run's name. */
export function describeRun(run: RunSummary, now: number): string {
  const { state, step, steps, strategy, metrics, created, foreign } = run
  const alive = state === 'running' || state === 'paused'
  return [
    strategy,
    alive ? `${step} of ${steps}` : state === 'finished' ? undefined : state,
    metrics && metrics.balancedAccuracy.toFixed(3),
    foreign && 'by another version of Thaw',
    ageOf(created, now),
  ]
    .filter(Boolean)
    .join(' · ')
}
