import type { Metrics, RunEventBody } from '../../events/types'

/** What a person or a run file asks of a run that is under way; done between two steps. */
export type ControlCommand =
  | { do: 'pause' }
  | { do: 'resume' }
  /** While paused: take so many steps, then pause again. */
  | { do: 'step'; count: number }
  | { do: 'stop' }
  | { do: 'rate'; factor: number }
  | { do: 'freeze'; layers: string[] }
  | { do: 'unfreeze'; layers: string[] }
  | { do: 'checkpoint' }
  | { do: 'evaluate' }

export interface PendingCommand {
  command: ControlCommand
  /** 'panel', 'cli', 'notebook', 'run file' … */
  source: string
  /** Answers whoever asked. */
  done?(result: unknown): void
  fail?(message: string): void
}

/** Where a run tells what it does. The runner writes the run folder; the notebook kernel forwards; tests collect. */
export interface RunSink {
  emit(event: RunEventBody): void
  /** Appends one row of `layers × LAYER_MEASURES` float32 to `layers.f32`; returns its row number. */
  layerRow(values: Float32Array): number
  /** Writes atomically; rejects with a UserError when the disk is full, older checkpoints intact. */
  saveCheckpoint(
    step: number,
    files: ReadonlyMap<string, Uint8Array>,
    why: string,
  ): Promise<{ folder: string; bytes: number }>
  /** Puts a file into the run's `artifacts/`, replacing one of the same name; see events/artifacts.ts. */
  artifact?(name: string, content: Uint8Array): void
  /** Called at every step boundary; a sink that has been superseded by a newer attempt throws here. */
  checkpointsKeep?(best: number | undefined, last: number): Promise<void>
  /** Throws when this writer has lost the run to a newer attempt. */
  assertCurrent?(): void
}

export interface RunEnvironment {
  runId: string
  /** Folder that relative paths of the run file start from. */
  base: string
  /** Folder for caches (decoded images, features); may be shared between runs. */
  cache?: string
  sink: RunSink
  /** Commands that have come since the last call. */
  take?(): PendingCommand[]
  /** Resolves when a command has come (used while paused). */
  wait?(): Promise<void>
  /** Files of the checkpoint to go on from. */
  resume?: { step: number; files: ReadonlyMap<string, Uint8Array> }
  process?: { pid: number; node: string; execPath: string; host: string }
}

export interface RunOutcome {
  state: 'finished' | 'stopped' | 'failed'
  step: number
  metrics?: Metrics
  seconds: number
  moved: number
  distance: number
  message?: string
  /** Documented exit code that belongs to a failure: what the user wrote, or what the machine lacks. */
  exitCode?: number
}
