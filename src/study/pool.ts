import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  emptyView,
  highestAttempt,
  inTurn,
  openRunFolder,
  readStatus,
  readStoredSpec,
  type RunFolder,
  type RunView,
} from '../events'
import {
  followRun,
  livenessOfRun,
  readView,
  removeRun,
  runIds,
  RunQueue,
  signalRun,
  stopRun,
  type FollowedRun,
} from '../runner'
import type { ResolvedSpec } from '../spec'
import { identityOf, identityOfRun } from './identity'

/** A run that a study needs. */
export interface Wanted {
  key: string
  /** What it is called while it runs. */
  label: string
  spec: ResolvedSpec
  base: string
}

export interface PooledRun {
  key: string
  folder: RunFolder
  view: RunView
  how: FollowedRun['how']
  /** It was finished before this study asked. */
  reused: boolean
}

export interface PoolOptions {
  /** Folder of the run folders. */
  root: string
  /** Runs at once while the study lasts; default: as many as the queue of the folder takes. */
  parallel?: number
  /** The built trainer; tests put another one in its place. */
  trainer?: string
  onView?(id: string, label: string, view: RunView): void
  note?(text: string): void
}

/** A run that is, or will be, what is wanted. */
interface Candidate {
  folder: RunFolder
  view: RunView
  /** There is nothing left to do for it. */
  over: boolean
}

/**
 * The runs of a study: those that are there already are used or gone on with, the others wait in the queue. The run
 * folders are the only memory, so that a study can be killed at any moment and asked again: it repeats nothing.
 */
export class RunPool {
  private readonly queue: RunQueue
  private readonly root: string
  private readonly live = new Map<string, { folder: string; leave(): void }>()
  stopped = false

  constructor(private readonly options: PoolOptions) {
    this.root = resolve(options.root)
    this.queue = new RunQueue(this.root, { trainer: options.trainer })
  }

  /** In the order of what is wanted. A stopped pool gives fewer. @throws UserError when a run cannot be made */
  async run(wanted: readonly Wanted[]): Promise<PooledRun[]> {
    const limit = this.queue.limit
    const { parallel = limit } = this.options
    if (parallel !== limit) await this.queue.setLimit(parallel)
    try {
      const going: Promise<PooledRun | undefined>[] = []
      // one study at a time looks and adds, so that two that want the same run share it
      await inTurn(join(this.root, '.queue', 'studies'), async () => {
        const there = await this.lookUp(wanted)
        for (const one of wanted) {
          if (this.stopped) break
          const found = there.get(one.key)
          if (found?.over) going.push(Promise.resolve(toldBefore(one, found)))
          else {
            const folder = await this.begin(one, found)
            going.push(this.follow(one, folder))
          }
        }
      })
      await this.queue.pump()
      return (await Promise.all(going)).filter((run) => run !== undefined)
    } finally {
      if (parallel !== limit) await this.queue.setLimit(limit)
    }
  }

  /** Cleanly: what runs keeps a checkpoint, what waits is taken away. */
  async stop(): Promise<void> {
    this.stopped = true
    // the last in the line first, so that none begins because one before it has ended
    for (const [id, { folder, leave }] of [...this.live].reverse()) {
      if (!(await this.queue.remove(id))) await stopRun(folder)
      else {
        leave()
        if (highestAttempt(folder) === 0) removeRun(folder)
      }
    }
  }

  kill(): void {
    this.stopped = true
    for (const { folder, leave } of this.live.values()) {
      signalRun(folder, 'SIGKILL')
      leave()
    }
  }

  private async begin({ label, spec, base }: Wanted, there: Candidate | undefined): Promise<RunFolder> {
    const { queue } = this
    const folder = there?.folder ?? openRunFolder((await queue.add({ spec, base })).folder)
    if (there && livenessOfRun(folder.path) === 'dead') await queue.putBack(folder.id)
    this.options.onView?.(folder.id, label, emptyView())
    return folder
  }

  private async follow({ key, label }: Wanted, folder: RunFolder): Promise<PooledRun | undefined> {
    for (let tries = 0; ; tries++) {
      let leave = () => {}
      const left = new Promise<undefined>((done) => (leave = () => done(undefined)))
      this.live.set(folder.id, { folder: folder.path, leave })
      const followed = await Promise.race([this.watch(folder, label, left), left])
      this.live.delete(folder.id)
      if (this.stopped || !followed) return followed && { key, folder, ...followed, reused: false }
      await this.queue.pump()
      // its process is gone without a word: once more from its checkpoint, and no further
      if (followed.how === 'ended' || tries > 0) return { key, folder, ...followed, reused: false }
      this.options.note?.(`${label}: its process is gone; it goes on from its last checkpoint`)
      await this.queue.putBack(folder.id)
    }
  }

  private async watch(
    folder: RunFolder,
    label: string,
    left: Promise<undefined>,
  ): Promise<FollowedRun | undefined> {
    let gone = false
    void left.then(() => (gone = true))
    const waits = () => this.queue.list().some(({ id }) => id === folder.id)
    // a run that is to go on still looks as if it were over while it waits
    while (!gone && highestAttempt(folder.path) > 0 && waits()) await sleep(200)
    if (gone) return undefined
    const { over, leave } = followRun(folder.path, (view) => this.options.onView?.(folder.id, label, view))
    void left.then(leave)
    return over
  }

  /** Runs in the folder that are what is wanted: the furthest one of each. */
  private async lookUp(wanted: readonly Wanted[]): Promise<Map<string, Candidate>> {
    const keys = new Map(wanted.map(({ key, spec, base }) => [identityOf(spec, base), key]))
    const found = new Map<string, Candidate & { rank: number }>()
    for (const id of runIds(this.root)) {
      const folder = openRunFolder(join(this.root, id))
      const key = keys.get(identityIn(folder) ?? '')
      if (key === undefined) continue
      const view = await readView(folder)
      const over = isOver(folder, view)
      const rank = over ? 3 : livenessOfRun(folder.path) === 'dead' ? 1 : 2
      if (isSteered(view) || rank <= (found.get(key)?.rank ?? 0)) continue
      found.set(key, { folder, view, over, rank })
    }
    return found
  }
}

function toldBefore({ key }: Wanted, { folder, view }: Candidate): PooledRun {
  return { key, folder, view, how: 'ended', reused: true }
}

/** Finished, or failed in a way that it would fail again. */
function isOver(folder: RunFolder, view: RunView): boolean {
  const state = readStatus(folder.path)?.state
  return state === 'finished' || (state === 'failed' && view.alarms.some(({ code }) => code === 'not-finite'))
}

const STEERING = new Set(['rate', 'freeze', 'unfreeze'])

/** A person changed what its run file says while it ran. */
function isSteered({ controls }: RunView): boolean {
  return controls.some(
    ({ action, source }) => source !== 'run file' && STEERING.has((action as { do?: string }).do ?? ''),
  )
}

/** Undefined for what is no plain run: without a readable spec, or forked from another one. */
function identityIn(folder: RunFolder): string | undefined {
  try {
    const stored = readStoredSpec<ResolvedSpec>(folder)
    return stored.forkedFrom ? undefined : identityOfRun(stored, folder.path)
  } catch {
    return undefined
  }
}
