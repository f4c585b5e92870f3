import type { PanelRun } from '../../src/extension/protocol'
import type { Theme } from '../colour'
import type { Figure } from '../plot/figure'

/** What figures are drawn for. */
export interface ViewContext {
  /** Step that the picture tells of. */
  step: number
  /** Pixels for a figure. */
  width: number
  theme: Theme
  run: PanelRun
  /** Address of a small picture of an image of the data, when the run folder has one. */
  image(path: string): string | undefined
  /** The same picture of another run, to be laid behind. */
  other?: { name: string; data: unknown }
}

/** How one kind of picture is shown. `data` is of the version that this view knows. */
export interface PictureView {
  /** Name in the log. */
  picture: string
  /** Images of the data that the figures show. */
  images?(data: never): { split: 'train' | 'val' | 'test'; paths: string[] } | undefined
  /** Can be laid over the same picture of another run. */
  overlay?: true
  figures(data: never, context: ViewContext): Figure[]
}
