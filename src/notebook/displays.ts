/**
 * What cells show, as plain data by MIME type: written by the kernel, drawn by the renderer, and put into words by
 * `text.ts` for where there is no renderer. Non-finite numbers are null. `v` grows when a shape changes in a way that
 * an older renderer cannot draw.
 */
export const DISPLAY_MIME = {
  session: 'application/vnd.thaw.session+json',
  steps: 'application/vnd.thaw.step+json',
  curves: 'application/vnd.thaw.curves+json',
  freezeMap: 'application/vnd.thaw.freeze-map+json',
  images: 'application/vnd.thaw.images+json',
  table: 'application/vnd.thaw.table+json',
  layers: 'application/vnd.thaw.layers+json',
  comparison: 'application/vnd.thaw.comparison+json',
} as const

/** At most so many columns (steps) of a display; more are thinned, the last is kept. */
export const MAX_COLUMNS = 400

interface Shown {
  v: 1
  /**
   * Of a display that grows while its cell runs: the same `id` comes again with newer data (`update` in protocol.ts).
   * Absent where the display is final from the start.
   */
  id?: string
  /** The display still grows. */
  live?: boolean
}

/** Facts about a session that stands before its first step, or about a network or data set. */
export interface SessionDisplay extends Shown {
  name: string
  /** Short fields in reading order, for example `['Network', 'EfficientNet-Lite0', 'to stage6, 2.39 M weights']`. */
  facts: { label: string; value: string; more?: string }[]
}

/** What training steps did: the display of `session.step(n)`, live while they are taken. */
export interface StepOutput extends Shown {
  name: string
  strategy: string
  /** Steps done, and planned. */
  done: number
  planned: number
  /** Steps that this display is about, from 1, ascending; thinned to `MAX_COLUMNS`. */
  steps: number[]
  loss: (number | null)[]
  parts: Record<string, (number | null)[]>
  accuracy: (number | null)[]
  /** Mean milliseconds a step. */
  ms: number
  /** How many steps the cell has asked for; `steps` of them are done. */
  asked?: number
  stages: {
    name: string
    layers: number
    /** Declared to train now, and at each of `steps` (absent in files of before). */
    training: boolean
    trained?: boolean[]
    /** Greatest update ratio of the stage's layers at each of `steps`; null: not measured. */
    update: (number | null)[]
    /** Moved since the phase's start; null: not measured. */
    moved: (boolean | null)[]
    /** Greatest distance from the pre-trained values now. */
    distance: number
  }[]
}

/** Lines over steps; all in a panel of their own unless they share `panel`. */
export interface CurvesDisplay extends Shown {
  title: string
  panels: {
    title: string
    /** Said behind the title, for example `test, 95 % interval`. */
    more?: string
    /** 'log' where all values are positive and span more than a factor of ten. */
    scale: 'linear' | 'log'
    lines: {
      name: string
      steps: number[]
      values: (number | null)[]
      /** Half-open bounds of an interval, where there are such. */
      low?: (number | null)[]
      high?: (number | null)[]
      /** Drawn with a dot at each value, for evaluations that are far apart. */
      dots?: boolean
    }[]
  }[]
  /** What was done at which step, for vertical marks: `freeze stem, stage1`. */
  marks: { step: number; text: string }[]
}

/** Layers, blocks or stages by steps: how far each moved, and what was declared. */
export interface FreezeMapDisplay extends Shown {
  title: string
  by: 'stage' | 'block' | 'layer'
  steps: number[]
  rows: {
    name: string
    stage: string
    /** ‖Δw‖ / ‖w‖ at each of `steps`, greatest of the row's layers; null: not measured. */
    update: (number | null)[]
    /** Declared to train at each of `steps`. */
    training: boolean[]
    /** Moved since its phase's declaration; null: not measured. `moved && !training` is an alarm. */
    moved: (boolean | null)[]
  }[]
  marks: { step: number; text: string }[]
  /** Of a fork: the steps up to this one are its parent's and are not drawn. */
  shared?: { until: number; with: string }
}

/** Images, with what the network says of them where it was asked. */
export interface ImagesDisplay extends Shown {
  title: string
  images: {
    path: string
    /** A small picture as a data: URL (JPEG or PNG, at most 96 pixels a side). */
    picture: string
    /** Class of its folder. */
    actual?: string
    predicted?: string
    /** Of the predicted class, 0 to 1. */
    probability?: number
    /** The likeliest classes, best first, at most 5. */
    top?: { name: string; probability: number }[]
  }[]
  /** Of the images whose class is known. */
  right?: number
  known?: number
}

/** A table; numbers come as they are, with the digits to show. */
export interface TableDisplay extends Shown {
  title?: string
  columns: { name: string; kind: 'text' | 'number' | 'percent' | 'bytes'; digits?: number }[]
  rows: (string | number | null)[][]
  /** Rows that were left out. */
  more?: number
}

/** The network as a tree: stages, blocks, layers. */
export interface LayersDisplay extends Shown {
  title: string
  stages: {
    name: string
    parameters: number
    blocks: {
      /** '' for layers of a stage that has no blocks. */
      name: string
      parameters: number
      layers: LayerRow[]
    }[]
  }[]
}

export interface LayerRow {
  name: string
  kind: string
  parameters: number
  training: boolean
  batchNorm?: string
  /** Relative change since the phase's declaration; null: not measured yet. */
  moved: number | null
  /** ‖w − w0‖ / ‖w0‖; null: not measured yet. */
  distance: number | null
}

/** Two sessions side by side. */
export interface ComparisonDisplay extends Shown {
  a: ComparedSide
  b: ComparedSide
  /** First step at which they differ; 0 when they share none. */
  from: number
  /** Steps that both have taken. */
  until: number
  /** b minus a, on the same held-out images; absent when they have none in common. */
  difference?: {
    metric: 'balancedAccuracy'
    split: 'val' | 'test'
    count: number
    value: number
    low: number
    high: number
    /** 0 lies outside of the interval. */
    separated: boolean
    /** Images that only one of them gets right. */
    onlyA: number
    onlyB: number
    /** McNemar's exact test. */
    p: number
  }
  rows: {
    name: string
    a: number | null
    b: number | null
    kind: TableDisplay['columns'][number]['kind']
    digits?: number
  }[]
}

export interface ComparedSide {
  name: string
  /** In words: strategy, what is frozen. */
  what: string
  map: FreezeMapDisplay
  loss: { steps: number[]; values: (number | null)[] }
}
