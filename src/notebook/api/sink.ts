import { join } from 'node:path'
import type { RunSink } from '../../engine/train'
import { CheckpointStore, runsFolder, takeAttempt, type RunEventBody, type RunFolder } from '../../events'
import { ControlServer, FolderSink, Inbox, prepareRun, Pulse } from '../../runner'
import type { ResolvedSpec } from '../../spec'
import type { SessionRecord } from './record'

interface Opened {
  folder: RunFolder
  sink: FolderSink
  pulse: Pulse
  server: ControlServer
}

export interface RunPlace {
  base: string
  runId: string
  /** As it is stored in the run folder. */
  spec: ResolvedSpec
  /** Run that it goes on from. */
  parent?: string
}

/**
 * Where a session tells what it does: into memory from the start, and from its first step on into a run folder like
 * that of any other run, so that the panel and the command line can look at it. A session that only looks at a past
 * state leaves no folder.
 */
export class SessionSink implements RunSink {
  readonly inbox = new Inbox()
  /** What was told before there was a folder. */
  private early: RunEventBody[] = []
  private readonly earlyFiles = new Map<string, Uint8Array>()
  private opened?: Opened
  /** Measures of the step that is being told. */
  private row?: Float32Array
  /** Steps done again on the way to an earlier state were told before. */
  muted = false

  constructor(
    private readonly record: SessionRecord,
    private readonly place: RunPlace,
  ) {}

  get folder(): string {
    return join(runsFolder(this.place.base), this.place.runId)
  }

  get hasFolder(): boolean {
    return this.opened !== undefined
  }

  /** Makes the run folder and tells it what has been told so far. @throws UserError when nothing can be written */
  async open(first?: { step: number; files: ReadonlyMap<string, Uint8Array> }): Promise<void> {
    if (this.opened) return
    const { base, runId, spec, parent } = this.place
    const forkedFrom = parent !== undefined && first ? { run: parent, step: first.step } : undefined
    const folder = prepareRun({ spec, base, root: runsFolder(base), id: runId }, forkedFrom)
    const attempt = takeAttempt(folder.path, 0)
    const store = new CheckpointStore(folder.path)
    const pulse = new Pulse(folder.path, attempt.number)
    pulse.start()
    const { limitMB } = spec.train.checkpoints
    const sink = new FolderSink(
      folder,
      attempt,
      store,
      pulse,
      limitMB === undefined ? undefined : limitMB * 1e6,
    )
    if (first) store.save(first.step, first.files, 'where the session begins')
    const server = await ControlServer.open(folder, attempt.number, this.inbox)
    this.opened = { folder, sink, pulse, server }
    for (const event of this.early) sink.emit(event)
    this.early = []
    for (const [name, content] of this.earlyFiles) sink.artifact(name, content)
    this.earlyFiles.clear()
  }

  emit(event: RunEventBody): void {
    if (this.muted) return
    this.record.append(event)
    if (event.kind === 'layers' && this.row) this.record.addRow(event.step, this.row)
    if (this.opened) this.opened.sink.emit(event)
    else this.early.push(event)
  }

  layerRow(values: Float32Array): number {
    if (this.muted) return 0
    this.row = values
    return this.opened?.sink.layerRow(values) ?? 0
  }

  async saveCheckpoint(
    step: number,
    files: ReadonlyMap<string, Uint8Array>,
    why: string,
  ): Promise<{ folder: string; bytes: number }> {
    if (this.opened) return this.opened.sink.saveCheckpoint(step, files, why)
    const bytes = [...files.values()].reduce((sum, file) => sum + file.byteLength, 0)
    return { folder: `memory/${step}`, bytes }
  }

  artifact(name: string, content: Uint8Array): void {
    if (this.muted) return
    if (this.opened) this.opened.sink.artifact(name, content)
    else this.earlyFiles.set(name, content)
  }

  async checkpointsKeep(best: number | undefined, last: number): Promise<void> {
    await this.opened?.sink.checkpointsKeep(best, last)
  }

  /** @throws SupersededError when somebody resumed this run elsewhere, or removed its folder */
  assertCurrent(): void {
    this.opened?.sink.assertCurrent()
  }

  async close(): Promise<void> {
    const { opened } = this
    this.opened = undefined
    this.inbox.close('The session is closed.')
    if (!opened) return
    await opened.server.close()
    opened.sink.close()
    await opened.pulse.stop()
  }
}
