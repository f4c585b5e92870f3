import type { TrainingSession } from '../../engine/train'
import type { LayerDeclaration, LayerInfo, LayerMeasure, RunView } from '../../events'
import { UserError } from '../../spec'
import type * as Cell from '../cellApi'
import { withDisplay } from '../display'
import type { FreezeMapDisplay } from '../displays'
import { curvesDisplay, curvesItems } from '../show/curves'
import { freezeMapDisplay, freezeMapItems } from '../show/freezeMap'
import { layersDisplay, layersItems } from '../show/layers'
import { tableItems } from '../show/table'
import type { RunHistory, SessionRecord } from './record'

/**
 * The network as a tree, with what trains and how far each layer moved.
 * @param declared by layer, of the phase that runs
 * @param latest newest measure of a layer, when there is one
 */
export function layersOf(
  layers: readonly LayerInfo[],
  declared: readonly LayerDeclaration[] | undefined,
  latest: (layer: number, measure: LayerMeasure) => number | undefined,
  title: string,
): Cell.Layers {
  const states = layers.map(({ name, stage, block, kind, parameters }, i): Cell.LayerState => {
    const { training = false, batchNorm } = declared?.[i] ?? {}
    return {
      name,
      stage,
      block,
      kind,
      parameters,
      training,
      ...(batchNorm && { batchNorm }),
      moved: latest(i, 'moved') ?? null,
      distance: latest(i, 'distance') ?? null,
    }
  })
  return withDisplay(states, () => layersItems(layersDisplay(title, states)))
}

/** Layers by steps: declared against what moved. */
export async function freezeMapOf(history: RunHistory, by: FreezeMapDisplay['by']): Promise<Cell.FreezeMap> {
  const display = await freezeMapDisplay(history, by)
  const { steps, rows } = display
  return withDisplay({ steps, rows }, () => freezeMapItems(display))
}

/** Losses, accuracies and rates over the steps. */
export function curvesOf(view: RunView): Cell.Curves {
  const series = Object.fromEntries(
    Object.entries(view.series).map(([name, { steps, values }]) => [
      name,
      { steps: [...steps], values: [...values] },
    ]),
  )
  return withDisplay({ series }, () => curvesItems(curvesDisplay(view)))
}

/** Norms of the last gradient and update. @throws UserError before the first step */
export function gradientsOf(inner: TrainingSession, record: SessionRecord): Cell.Gradients {
  if (record.latest(0, 'gradientNorm') === undefined)
    throw new UserError('There is no gradient yet: take a step first, `await session.step(1)`.')
  const rows = inner.setup.layers.map((layer, i): Cell.LayerGradient => ({
    layer: layer.name,
    stage: layer.stage,
    norm: record.latest(i, 'gradientNorm')!,
    update: record.latest(i, 'updateRatio')!,
  }))
  const table = {
    v: 1 as const,
    title: `Gradients of step ${inner.steps}`,
    columns: [
      { name: 'Layer', kind: 'text' as const },
      { name: 'Stage', kind: 'text' as const },
      { name: '‖gradient‖', kind: 'number' as const },
      { name: 'Update ratio', kind: 'number' as const },
    ],
    rows: rows.map(({ layer, stage, norm, update }) => [layer, stage, norm, update]),
  }
  return withDisplay(rows, () => tableItems(table))
}
