import { inspect } from 'node:util'
import type { LayerInfo } from '../../events'
import type { LoadedModel } from '../../engine/network/types'
import type * as Cell from '../cellApi'
import { DISPLAY, withDisplay, type Displayed } from '../display'
import type { OutputItems } from '../protocol'
import { layersDisplay, layersItems } from '../show/layers'
import { count } from '../show/text'
import type { WrittenSpec } from './specs'

/** `Model` of cellApi.ts: a network that is loaded once and may be tuned several times. */
export class LoadedNetwork implements Cell.Model, Displayed {
  readonly name: string
  readonly source: string
  readonly architecture: string
  readonly parameters: number
  readonly stages: string[]

  constructor(
    readonly loaded: LoadedModel,
    private readonly table: readonly LayerInfo[],
    /** As the run file has it. */
    readonly written: WrittenSpec,
  ) {
    this.source = loaded.source
    this.architecture = loaded.graph.architecture
    this.name = loaded.graph.architecture
    this.parameters = table.reduce((sum, { parameters }) => sum + parameters, 0)
    this.stages = [...new Set(table.map(({ stage }) => stage))]
  }

  layers(): Cell.Layers {
    const states = this.table.map(({ name, stage, block, kind, parameters }): Cell.LayerState => ({
      name,
      stage,
      block,
      kind,
      parameters,
      training: false,
      moved: null,
      distance: null,
    }))
    const title = `${this.architecture}, ${count(this.parameters)} weights`
    return withDisplay(states, () => layersItems(layersDisplay(title, states)))
  }

  get [Symbol.toStringTag](): string {
    return 'Model'
  }

  /** In one line, for the console and lists of variables. */
  [inspect.custom](): string {
    return `Model (${`${this.architecture}, ${count(this.parameters)} weights`})`
  }

  [DISPLAY](): OutputItems {
    return (this.layers() as unknown as Displayed)[DISPLAY]() as OutputItems
  }
}
