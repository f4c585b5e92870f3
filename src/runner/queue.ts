import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import {
  highestAttempt,
  inTurn,
  isRunFolder,
  openRunFolder,
  ownIdentity,
  readStatus,
  writeStatus,
} from '../events'
import { UserError } from '../spec/types'
import { launch, type Launched, type LaunchOptions } from './launch'
import { livenessOfRun } from './liveness'
import { prepareRun, type StartedRun, type StartOptions } from './start'

export interface QueuedRun {
  id: string
  folder: string
  /** Place in the line, from 1. */
  place: number
}

/** Nobody works on it, and there is something left to do. */
function mayBegin(path: string): boolean {
  return readStatus(path)?.state !== 'finished' && livenessOfRun(path) === 'dead'
}

/**
 * Runs of one folder that wait until fewer than `limit` run. All state is on the disk, so that any process may add
 * and start; a trainer that ends starts the next, so no editor has to be open.
 */
export class RunQueue {
  private readonly root: string
  private readonly folder: string

  constructor(
    root: string,
    private readonly options: LaunchOptions = {},
  ) {
    this.root = resolve(root)
    this.folder = join(this.root, '.queue')
  }

  /** Runs that may run at once; 1 unless set. */
  get limit(): number {
    try {
      const limit: unknown = JSON.parse(readFileSync(join(this.folder, 'limit.json'), 'utf8'))
      return Number.isInteger(limit) && (limit as number) >= 1 ? (limit as number) : 1
    } catch {
      return 1
    }
  }

  async setLimit(limit: number): Promise<void> {
    if (!Number.isInteger(limit) || limit < 1)
      throw new UserError('The number of runs at once must be 1 or more.')
    mkdirSync(this.folder, { recursive: true })
    writeFileAtomic(join(this.folder, 'limit.json'), String(limit), { fsync: false })
    await this.pump()
  }

  /**
   * Puts a run at the end of the line, and starts it at once when there is room; `failed` tells why it did not start
   * then.
   */
  async add(options: Omit<StartOptions, 'root'>): Promise<StartedRun & { failed?: unknown }> {
    const run = prepareRun({ ...options, root: this.root })
    const failed = await this.putBack(run.id)
    return { id: run.id, folder: run.path, ...(failed !== undefined && { failed }) }
  }

  /**
   * Puts a run that is there at the end of the line: one that never began, or one to go on from its checkpoint.
   * Resolves to why it did not start, where there was room for it.
   */
  async putBack(id: string): Promise<unknown> {
    await this.inTurn(() => {
      const entries = this.entries()
      if (entries.some((entry) => entry.slice(9) === id)) return
      const last = entries.at(-1)
      const place = last === undefined ? 1 : Number.parseInt(last, 10) + 1
      writeFileSync(join(this.folder, `${String(place).padStart(8, '0')}-${id}`), '')
    })
    return (await this.startThoseNext()).find((one) => one.id === id)?.failed
  }

  list(): QueuedRun[] {
    return this.entries()
      .map((entry) => ({ id: entry.slice(9), folder: join(this.root, entry.slice(9)) }))
      .filter(({ folder }) => isRunFolder(folder))
      .map((run, i) => ({ ...run, place: i + 1 }))
  }

  /** Takes a run out of the line; false when it was not in it. Its folder stays, as that of a stopped run. */
  remove(id: string): Promise<boolean> {
    return this.inTurn(() => {
      const found = this.entries().filter((entry) => entry.slice(9) === id)
      for (const entry of found) rmSync(join(this.folder, entry), { force: true })
      const path = join(this.root, id)
      if (found.length > 0 && isRunFolder(path) && highestAttempt(path) === 0) {
        const nobody = { ...ownIdentity(), pid: 0, processStart: '' }
        const ended = { heartbeat: Date.now(), state: 'stopped', step: 0, steps: 0 } as const
        writeStatus(path, { ...nobody, attempt: 0, ...ended })
      }
      return found.length > 0
    })
  }

  /** Starts waiting runs while there is room; returns their ids. */
  async pump(): Promise<string[]> {
    return (await this.startThoseNext()).map(({ id }) => id)
  }

  private async startThoseNext(): Promise<{ id: string; failed?: unknown }[]> {
    if (this.entries().length === 0) return []
    const launched = await this.inTurn(() => this.startWaiting())
    // one that fails has said so in its status; the others go on
    return Promise.all(
      launched.map(async ({ id, run }) => ({
        id,
        failed: await run.ready().then(
          () => undefined,
          (error: unknown) => error,
        ),
      })),
    )
  }

  private startWaiting(): { id: string; run: Launched }[] {
    const launched: { id: string; run: Launched }[] = []
    const room = this.limit - this.running()
    for (const entry of this.entries()) {
      if (launched.length >= room) break
      const id = entry.slice(9)
      const path = join(this.root, id)
      if (isRunFolder(path) && mayBegin(path))
        launched.push({ id, run: launch(openRunFolder(path), highestAttempt(path), this.options) })
      rmSync(join(this.folder, entry), { force: true })
    }
    return launched
  }

  private running(): number {
    const paths = readdirSync(this.root)
      .filter((name) => !name.startsWith('.'))
      .map((name) => join(this.root, name))
    return paths.filter((path) => isRunFolder(path) && livenessOfRun(path) === 'alive').length
  }

  private entries(): string[] {
    if (!existsSync(this.folder)) return []
    return readdirSync(this.folder)
      .filter((name) => /^\d{8}-./.test(name))
      .sort()
  }

  private inTurn<T>(work: () => T): Promise<T> {
    return inTurn(join(this.folder, 'turns'), work)
  }
}
