import type { TemplateResult } from 'lit'

/** A place of a drawing that can be read off: by the pointer, by the arrow keys, by a screen reader. */
export interface Spot {
  x: number
  y: number
  width: number
  height: number
  /** First line of the read-out. */
  name: string
  facts: readonly (readonly [name: string, value: string])[]
  /** A picture shown in the read-out, as an address the page may load. */
  image?: string
  /** Image of the data that a click or Enter opens. */
  opens?: string
  /** What a click, Enter, left or right does, for who shows the figure: it hears `act`. */
  act?: string
  /** Parts of the drawing whose `data-spots` names this mark stand out while the spot is read. */
  mark?: string
  /** The drawing says all that the read-out would: it is only spoken. */
  quiet?: boolean
}

export type CellValue = string | number | null | undefined

/** What a figure shows as numbers: the accessible table, and the CSV. */
export interface FigureTable {
  columns: readonly string[]
  rows: readonly (readonly CellValue[])[]
}

/** One picture with all that belongs to it; `thaw-plot` shows it. */
export interface Figure {
  /** Of files and for tests. */
  name: string
  title: string
  /** A few words beside the title. */
  about?: string
  /** What the picture answers, in a sentence. */
  question: string
  /** What further keys do, for who does not see it. */
  keys?: string
  width: number
  height: number
  /** What goes inside the `svg`. */
  drawing: TemplateResult | readonly TemplateResult[]
  /** Rows from top to bottom; the arrow keys walk along a row and between rows. */
  spots: readonly (readonly Spot[])[]
  legend?: readonly LegendEntry[]
  /** Sentences below the picture. */
  notes?: readonly string[]
  table: FigureTable
}

export type LegendEntry =
  | { kind: 'box' | 'dot' | 'ring' | 'line' | 'dash' | 'tick' | 'hatch'; colour: string; words: string }
  | { kind: 'scale'; colour: (t: number) => string; from: string; to: string; words?: string }
