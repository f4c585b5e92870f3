import type { FileHandle } from 'node:fs/promises'
import { layOut, type Columns } from './columns'
import { FACTOR, foldRowsInto, Pyramid } from './pyramid'
import { readRows, withFile, type RowFile } from './rowFile'
import { expandRows } from './rows'
import { LAYER_MEASURES, type LayerMeasure } from './types'
import type { RunView } from './view'

export interface LayerWindow {
  measure: LayerMeasure
  /** Layer indices, in the order asked for. */
  layers: number[]
  columns: number
  /** First and last measured step of each column. */
  from: Float64Array
  to: Float64Array
  /** [layers, columns]. NaN: no finite value. */
  low: Float32Array
  /** [layers, columns]. NaN: at least one value was NaN. */
  high: Float32Array
}

export interface LayerWindowRequest {
  measure: LayerMeasure
  /** All when left out. */
  layers?: readonly number[]
  /** Steps, both included; the whole run when left out. */
  from?: number
  to?: number
  /** Most columns of the answer. */
  columns: number
}

interface Extremes {
  low: Float32Array
  high: Float32Array
}

function extend(sum: Extremes | undefined, low: Float32Array, high: Float32Array): Extremes {
  if (!sum) return { low: low.slice(), high: high.slice() }
  foldRowsInto(sum.low, sum.high, low, high)
  return sum
}

/**
 * Reads `layers.f32` beside a run's view: which rows count (a torn last row and superseded rows do not) is told by
 * the fold. `update` folds new rows into a pyramid; `window` answers at the resolution that was asked for.
 */
export class LayerReader {
  private rows: number[] = []
  private steps: number[] = []
  private pyramid = new Pyramid(0)
  private layers = 0
  private turn: Promise<unknown> = Promise.resolve()

  constructor(readonly path: string) {}

  /** Takes in what the view has come to know. Calls take turns. */
  update(view: Pick<RunView, 'rows' | 'layers'>): Promise<void> {
    return this.inTurn(() => this.takeIn(view))
  }

  /** The measure by layer and column, min and max of the steps that fall into each column. */
  window(request: LayerWindowRequest): Promise<LayerWindow> {
    return this.inTurn(() => this.look(request))
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.turn.then(work)
    this.turn = next.catch(() => undefined)
    return next
  }

  private get width(): number {
    return this.layers * LAYER_MEASURES.length
  }

  private async takeIn(view: Pick<RunView, 'rows' | 'layers'>): Promise<void> {
    if (view.layers.length !== this.layers) {
      this.layers = view.layers.length
      this.pyramid = new Pyramid(this.width)
      this.rows = []
      this.steps = []
    }
    if (this.layers === 0) return
    await withFile(this.path, async (file) => {
      const whole = Math.floor((await file.stat()).size / (this.width * 4))
      const { rows, steps } = expandRows(view.rows, whole)
      let same = 0
      while (same < rows.length && rows[same] === this.rows[same] && steps[same] === this.steps[same]) same++
      this.rows = rows
      this.steps = steps
      const start = Math.min(this.pyramid.truncate(same), this.pyramid.length)
      await readRows(this.rowsOf(file), start, rows.length, (_index, row) => this.pyramid.append(row))
    })
  }

  private async look(request: LayerWindowRequest): Promise<LayerWindow> {
    const { measure, layers, from = -Infinity, to = Infinity } = request
    const all = [...Array(this.layers).keys()]
    const chosen = layers ? layers.filter((layer) => layer in all) : all
    const columns = layOut(this.steps, from, to, Math.max(1, Math.floor(request.columns)))
    const n = columns.count
    const answer: LayerWindow = {
      measure,
      layers: [...chosen],
      columns: n,
      from: new Float64Array(n),
      to: new Float64Array(n),
      low: new Float32Array(chosen.length * n).fill(NaN),
      high: new Float32Array(chosen.length * n).fill(NaN),
    }
    const offset = LAYER_MEASURES.indexOf(measure)
    await this.fold(columns, (column, { low, high }) => {
      const { a, b } = columns.range(column)
      answer.from[column] = this.steps[a]!
      answer.to[column] = this.steps[b - 1]!
      chosen.forEach((layer, i) => {
        answer.low[i * n + column] = low[layer * LAYER_MEASURES.length + offset]!
        answer.high[i * n + column] = high[layer * LAYER_MEASURES.length + offset]!
      })
    })
    return answer
  }

  /** Gives smallest and largest values of each column; rows that no whole block holds are read in one go. */
  private async fold(columns: Columns, give: (column: number, extremes: Extremes) => void): Promise<void> {
    if (columns.count === 0) return
    await withFile(this.path, async (file) => {
      if (columns.level > 0) {
        for (let column = 0; column < columns.count; column++) {
          const { a, b } = columns.range(column)
          give(column, await this.extremes(file, a, b, columns.level))
        }
        return
      }
      let column = 0
      let current: Extremes | undefined
      const end = columns.range(columns.count - 1).b
      await readRows(this.rowsOf(file), columns.range(0).a, end, (index, row) => {
        current = extend(current, row, row)
        if (index < columns.range(column).b - 1) return
        give(column++, current)
        current = undefined
      })
    })
  }

  private rowsOf(file: FileHandle): RowFile {
    return { file, rows: this.rows, width: this.width }
  }

  /** Smallest and largest by column over rows [a, b), by the largest whole blocks of at most `top`. */
  private async extremes(file: FileHandle, a: number, b: number, top: number): Promise<Extremes> {
    let sum: Extremes | undefined
    for (let at = a; at < b;) {
      const block = this.largestBlock(at, b, top)
      if (block) sum = extend(sum, block.low, block.high)
      else await readRows(this.rowsOf(file), at, at + 1, (_index, row) => (sum = extend(sum, row, row)))
      at += block?.rows ?? 1
    }
    return sum!
  }

  private largestBlock(at: number, end: number, top: number) {
    for (let level = top; level >= 1; level--) {
      const rows = FACTOR ** level
      if (at % rows !== 0 || at + rows > end) continue
      const found = this.pyramid.block(level, at / rows)
      if (found) return { ...found, rows }
    }
    return undefined
  }
}
