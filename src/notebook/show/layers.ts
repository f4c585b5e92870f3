import type { LayerState } from '../cellApi'
import { DISPLAY_MIME, type LayersDisplay } from '../displays'
import type { OutputItems } from '../protocol'
import { aligned, count, number } from './text'

/** Layers as a tree of stages and blocks, in graph order. */
export function layersDisplay(title: string, layers: readonly LayerState[]): LayersDisplay {
  const sum = (list: readonly LayerState[]) => list.reduce((total, { parameters }) => total + parameters, 0)
  const grouped = (list: readonly LayerState[], of: (layer: LayerState) => string) =>
    [...new Set(list.map(of))].map((name) => ({ name, list: list.filter((layer) => of(layer) === name) }))
  return {
    v: 1,
    title,
    stages: grouped(layers, ({ stage }) => stage).map(({ name, list }) => ({
      name,
      parameters: sum(list),
      blocks: grouped(list, ({ block }) => block).map((block) => ({
        name: block.name,
        parameters: sum(block.list),
        layers: block.list.map(({ stage: _stage, block: _block, ...layer }) => layer),
      })),
    })),
  }
}

export function layersItems(display: LayersDisplay): OutputItems {
  return { [DISPLAY_MIME.layers]: display, 'text/plain': layersText(display) }
}

/** By stage; layers are for the renderer. */
export function layersText({ title, stages }: LayersDisplay): string {
  const rows = stages.map((stage) => {
    const layers = stage.blocks.flatMap((block) => block.layers)
    const training = layers.filter((layer) => layer.training).length
    const farthest = layers.reduce<number | null>(
      (best, { distance }) => (distance === null ? best : Math.max(best ?? 0, distance)),
      null,
    )
    return [
      stage.name,
      `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`,
      count(stage.parameters),
      training === 0 ? 'frozen' : training === layers.length ? 'training' : `${training} training`,
      farthest === null ? '' : `distance ${number(farthest)}`,
    ]
  })
  return `${title}\n${aligned(rows, [false, true, true])}`
}
