import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { UserError } from '../spec/types'
import { realDisk, type Disk } from './disk'
import { explainFailure } from './failures'
import { MANIFEST, readManifest, type Manifest } from './manifest'
import { chooseKept, type Retention } from './retention'

const CHECKPOINTS = 'checkpoints'
const BEST = 'best'

export interface CheckpointInfo {
  step: number
  /** Relative to the run folder, for example `checkpoints/40`. */
  folder: string
  bytes: number
  why: string
}

/**
 * `checkpoints/<step>/` of a run folder. A checkpoint is written to a temporary name, synced and renamed, so that
 * one that has its name is whole; its manifest holds the sizes of its files.
 */
export class CheckpointStore {
  private readonly root: string

  constructor(
    readonly runFolder: string,
    private readonly disk: Disk = realDisk,
  ) {
    this.root = join(runFolder, CHECKPOINTS)
  }

  /**
   * Saves `files` as the checkpoint of `step`, replacing an older one of the same step. When the disk is full
   * nothing is left of it, the older checkpoints are as they were, and a UserError tells what to do.
   *
   * @param assertCurrent asked again before the checkpoint gets its name, since writing takes long
   */
  save(
    step: number,
    files: ReadonlyMap<string, Uint8Array>,
    why: string,
    assertCurrent = () => {},
  ): CheckpointInfo {
    const name = String(step)
    const partial = join(this.root, `.partial-${name}-${process.pid}`)
    const replaced = join(this.root, `.replaced-${name}`)
    const target = join(this.root, name)
    try {
      mkdirSync(this.root, { recursive: true })
      this.disk.remove(partial)
      this.disk.makeFolder(partial)
      const manifest: Manifest = { step, why, files: {} }
      for (const [file, bytes] of files) {
        if (!/^[\w][\w.-]*$/.test(file) || file === MANIFEST)
          throw new Error(`Not a name for a checkpoint file: ${file}`)
        this.disk.writeFile(join(partial, file), bytes)
        manifest.files[file] = bytes.length
      }
      this.disk.writeFile(join(partial, MANIFEST), Buffer.from(JSON.stringify(manifest)))
      this.disk.syncFolder(partial)
      assertCurrent()
      if (existsSync(target)) {
        this.disk.remove(replaced)
        this.disk.rename(target, replaced)
      }
      this.disk.rename(partial, target)
      this.disk.syncFolder(this.root)
      this.disk.remove(replaced)
      return this.info(manifest)
    } catch (error) {
      this.undo(partial, replaced, target)
      throw explainFailure(error, `save the checkpoint of step ${step} in`, this.runFolder)
    }
  }

  /** Whole checkpoints, oldest first. */
  list(): CheckpointInfo[] {
    return this.steps()
      .map((step) => readManifest(join(this.root, String(step))))
      .filter((manifest) => manifest !== undefined)
      .map((manifest) => this.info(manifest))
  }

  /** The files of a checkpoint. Throws a UserError when it is not there or damaged. */
  load(step: number): Map<string, Uint8Array> {
    const manifest = readManifest(join(this.root, String(step)))
    if (!manifest) {
      const known = this.list().map((checkpoint) => checkpoint.step)
      const have =
        known.length > 0 ? `It has checkpoints of steps ${known.join(', ')}.` : 'It has no checkpoint.'
      throw new UserError(`Run ${this.runFolder} has no whole checkpoint of step ${step}. ${have}`)
    }
    const folder = join(this.root, String(step))
    return new Map(
      Object.keys(manifest.files).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
    )
  }

  /** Step of the newest whole checkpoint. */
  latest(): number | undefined {
    return this.list().at(-1)?.step
  }

  /** Removes what retention does not keep; returns what it removed. The best is remembered for later calls. */
  retain(retention: Retention): CheckpointInfo[] {
    const all = this.list()
    const kept = chooseKept(all, { ...retention, best: this.rememberBest(retention.best) })
    const gone = all.filter((checkpoint) => !kept.has(checkpoint.step))
    for (const checkpoint of gone) this.drop(join(this.root, String(checkpoint.step)))
    return gone
  }

  private rememberBest(step: number | undefined): number | undefined {
    const file = join(this.root, BEST)
    if (step === undefined) return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined
    if (existsSync(this.root)) writeFileAtomic(file, String(step), { fsync: false })
    return step
  }

  /** Bytes of all whole checkpoints. */
  bytes(): number {
    return this.list().reduce((sum, checkpoint) => sum + checkpoint.bytes, 0)
  }

  /**
   * Mends what a killed writer left: takes back a checkpoint that was being replaced, removes partial ones. Only
   * for who holds the run's attempt.
   */
  recover(): void {
    if (!existsSync(this.root)) return
    for (const name of readdirSync(this.root)) {
      const path = join(this.root, name)
      const target = /^\.replaced-(\d+)$/.exec(name)?.[1]
      if (target !== undefined && !existsSync(join(this.root, target)))
        this.disk.rename(path, join(this.root, target))
      else if (name.startsWith('.')) this.disk.remove(path)
    }
  }

  private steps(): number[] {
    if (!existsSync(this.root)) return []
    return readdirSync(this.root)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => a - b)
  }

  private info({ step, why, files }: Manifest): CheckpointInfo {
    const bytes = Object.values(files).reduce((sum, size) => sum + size, 0)
    return { step, folder: `${CHECKPOINTS}/${step}`, bytes, why }
  }

  private undo(partial: string, replaced: string, target: string): void {
    try {
      this.disk.remove(partial)
      if (existsSync(replaced) && !existsSync(target)) this.disk.rename(replaced, target)
    } catch {
      // the next attempt's `recover` does it
    }
  }

  /** Renamed first, so that a half removed checkpoint is never taken for a whole one. */
  private drop(path: string): void {
    const going = join(this.root, `.removed-${process.pid}`)
    this.disk.remove(going)
    this.disk.rename(path, going)
    this.disk.remove(going)
  }
}
