import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import type { RunSink } from '../engine/train/types'
import {
  type CheckpointStore,
  EventWriter,
  explainFailure,
  LayerWriter,
  type Attempt,
  type RunEventBody,
  type RunFolder,
} from '../events'
import type { Pulse } from './pulse'

/** Tells a run folder what a run does. Everything stops with SupersededError once a newer attempt has the run. */
export class FolderSink implements RunSink {
  private readonly writer: EventWriter
  private readonly layers: LayerWriter
  /** A `run-ended` was written. */
  ended = false

  constructor(
    private readonly folder: RunFolder,
    private readonly attempt: Attempt,
    private readonly store: CheckpointStore,
    private readonly pulse: Pick<Pulse, 'note'>,
    private readonly limitBytes?: number,
  ) {
    const assertCurrent = () => attempt.assertCurrent()
    this.writer = new EventWriter(folder.events, { attempt: attempt.number, assertCurrent })
    this.layers = new LayerWriter(folder.layers, assertCurrent)
  }

  emit(event: RunEventBody): void {
    this.writer.append(event)
    this.pulse.note(event)
    if (event.kind === 'run-ended') this.ended = true
  }

  layerRow(values: Float32Array): number {
    return this.layers.append(values)
  }

  async saveCheckpoint(step: number, files: ReadonlyMap<string, Uint8Array>, why: string) {
    this.attempt.assertCurrent()
    const { folder, bytes } = this.store.save(step, files, why, () => this.attempt.assertCurrent())
    return { folder, bytes }
  }

  artifact(name: string, content: Uint8Array): void {
    this.attempt.assertCurrent()
    const file = join(this.folder.artifacts, name)
    try {
      mkdirSync(dirname(file), { recursive: true })
      writeFileAtomic(file, Buffer.from(content.buffer, content.byteOffset, content.byteLength), {
        fsync: false,
      })
    } catch (error) {
      throw explainFailure(error, 'write', file)
    }
  }

  async checkpointsKeep(best: number | undefined, last: number): Promise<void> {
    this.attempt.assertCurrent()
    this.store.retain({ best, last, limitBytes: this.limitBytes })
  }

  assertCurrent(): void {
    this.attempt.assertCurrent()
  }

  close(): void {
    this.writer.close()
    this.layers.close()
  }
}
