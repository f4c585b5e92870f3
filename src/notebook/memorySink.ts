import { LAYER_MEASURES, type LayerMeasure, type RunEventBody } from '../events/types'
import type { RunSink } from '../engine/train/types'

/** Where a notebook's session tells what it does: kept in memory, nothing is written. */
export class MemorySink implements RunSink {
  readonly events: RunEventBody[] = []
  private readonly rows: Float32Array[] = []
  private readonly rowOfStep = new Map<number, number>()
  readonly checkpoints = new Map<number, ReadonlyMap<string, Uint8Array>>()

  emit(event: RunEventBody): void {
    this.events.push(event)
    if (event.kind === 'layers') this.rowOfStep.set(event.step, event.row)
  }

  layerRow(values: Float32Array): number {
    return this.rows.push(values.slice()) - 1
  }

  saveCheckpoint(
    step: number,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<{ folder: string; bytes: number }> {
    this.checkpoints.set(step, files)
    const bytes = [...files.values()].reduce((sum, file) => sum + file.byteLength, 0)
    return Promise.resolve({ folder: `memory/${step}`, bytes })
  }

  /** A layer's measure at a step; undefined when it was not measured. */
  measured(step: number, layer: number, measure: LayerMeasure): number | undefined {
    const row = this.rowOfStep.get(step)
    if (row === undefined) return undefined
    return this.rows[row]![layer * LAYER_MEASURES.length + LAYER_MEASURES.indexOf(measure)]
  }
}
