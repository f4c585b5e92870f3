import { open, type FileHandle } from 'node:fs/promises'
import { errorCode } from './failures'
import { FACTOR, foldRowsInto, Pyramid } from './pyramid'
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

/** Bytes read from the file at once. */
const READ_BYTES = 4 << 20

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
    await this.withFile(async (file) => {
      const whole = Math.floor((await file.stat()).size / (this.width * 4))
      const { rows, steps } = expandRows(view.rows, whole)
      let same = 0
      while (same < rows.length && rows[same] === this.rows[same] && steps[same] === this.steps[same]) same++
      this.rows = rows
      this.steps = steps
      const start = Math.min(this.pyramid.truncate(same), this.pyramid.length)
      await this.readRows(file, start, rows.length, (_index, row) => this.pyramid.append(row))
    })
  }

  private async look({
    measure,
    layers,
    from = -Infinity,
    to = Infinity,
    columns,
  }: LayerWindowRequest): Promise<LayerWindow> {
    const chosen = layers
      ? layers.filter((layer) => layer >= 0 && layer < this.layers)
      : [...Array(this.layers).keys()]
    const first = this.steps.findIndex((step) => step >= from)
    const end = this.steps.findLastIndex((step) => step <= to) + 1
    const count = first < 0 ? 0 : Math.max(0, end - first)
    const wanted = Math.max(1, Math.floor(columns))
    // the coarsest level whose blocks fit into a column; columns start at whole blocks, so none is read in part
    let level = 0
    while (FACTOR ** (level + 1) * wanted <= count) level++
    const block = FACTOR ** level
    const start = first - (first % block)
    const perColumn = Math.max(1, Math.ceil((end - start) / block / wanted)) * block
    const n = count === 0 ? 0 : Math.ceil((end - start) / perColumn)
    const answer: LayerWindow = {
      measure,
      layers: [...chosen],
      columns: n,
      from: new Float64Array(n),
      to: new Float64Array(n),
      low: new Float32Array(chosen.length * n).fill(NaN),
      high: new Float32Array(chosen.length * n).fill(NaN),
    }
    if (n === 0) return answer
    const offset = LAYER_MEASURES.indexOf(measure)
    const columnOf = (column: number) => ({
      a: Math.max(first, start + column * perColumn),
      b: Math.min(end, start + (column + 1) * perColumn),
    })
    const put = (column: number, { low, high }: Extremes) => {
      const { a, b } = columnOf(column)
      answer.from[column] = this.steps[a]!
      answer.to[column] = this.steps[b - 1]!
      chosen.forEach((layer, i) => {
        answer.low[i * n + column] = low[layer * LAYER_MEASURES.length + offset]!
        answer.high[i * n + column] = high[layer * LAYER_MEASURES.length + offset]!
      })
    }
    await this.withFile(async (file) => {
      if (level > 0) {
        for (let column = 0; column < n; column++) {
          const { a, b } = columnOf(column)
          put(column, await this.extremes(file, a, b, level))
        }
        return
      }
      let current: Extremes | undefined
      await this.readRows(file, first, end, (index, row) => {
        const column = Math.floor((index - start) / perColumn)
        if (index === columnOf(column).a) current = { low: row.slice(), high: row.slice() }
        else foldRowsInto(current!.low, current!.high, row)
        if (index === columnOf(column).b - 1) put(column, current!)
      })
    })
    return answer
  }

  /** Smallest and largest by column over rows [a, b), by the largest whole blocks of at most `top`. */
  private async extremes(file: FileHandle, a: number, b: number, top: number): Promise<Extremes> {
    let sum: Extremes | undefined
    const take = (low: Float32Array, high: Float32Array) => {
      if (sum) foldRowsInto(sum.low, sum.high, low, high)
      else sum = { low: low.slice(), high: high.slice() }
    }
    for (let at = a; at < b;) {
      const block = this.largestBlock(at, b, top)
      if (block) take(block.low, block.high)
      else await this.readRows(file, at, at + 1, (_index, row) => take(row, row))
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

  /** Gives the measured rows [from, to), reading runs of neighbouring rows at once. */
  private async readRows(
    file: FileHandle,
    from: number,
    to: number,
    give: (index: number, row: Float32Array) => void,
  ) {
    const rowBytes = this.width * 4
    const most = Math.max(1, Math.floor(READ_BYTES / rowBytes))
    for (let at = from; at < to;) {
      let n = 1
      while (at + n < to && n < most && this.rows[at + n] === this.rows[at]! + n) n++
      const bytes = new Uint8Array(n * rowBytes)
      let done = 0
      while (done < bytes.length) {
        const { bytesRead } = await file.read(
          bytes,
          done,
          bytes.length - done,
          this.rows[at]! * rowBytes + done,
        )
        if (bytesRead === 0) throw new Error(`${this.path} became shorter while it was read`)
        done += bytesRead
      }
      for (let i = 0; i < n; i++) give(at + i, new Float32Array(bytes.buffer, i * rowBytes, this.width))
      at += n
    }
  }

  private async withFile(work: (file: FileHandle) => Promise<void>): Promise<void> {
    let file: FileHandle
    try {
      file = await open(this.path, 'r')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return
      throw error
    }
    try {
      await work(file)
    } finally {
      await file.close()
    }
  }
}
