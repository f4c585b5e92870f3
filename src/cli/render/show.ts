import type { RunView } from '../../events'
import type { Terminal } from '../terminal'
import { evaluationText } from './evaluation'
import { count, number, percent, share } from './numbers'
import { endLine, progressLine } from './progress'
import { renderTable } from './table'

/** A stage, or a layer, at the end of what is known. */
export interface LayerRow {
  name: string
  layers: number
  parameters: number
  /** What its phase declares. */
  declared: 'training' | 'frozen' | 'partly'
  /** ||w - w0|| / ||w0||: of a layer, or the largest of a stage; null when it was not measured. */
  distance: number | null
}

export function layerRows(view: RunView, latest: { distance: readonly number[] }, each: boolean): LayerRow[] {
  const declared = view.phases[Math.max(0, view.phase)]?.declared ?? []
  const groups = new Map<string, number[]>()
  view.layers.forEach((layer, i) => {
    if (layer.parameters === 0) return
    const key = each ? layer.name : layer.stage
    groups.set(key, [...(groups.get(key) ?? []), i])
  })
  return [...groups].map(([name, indices]) => {
    const training = indices.filter((i) => declared[i]?.training).length
    const distances = indices
      .map((i) => latest.distance[i])
      .filter((value) => value !== undefined && Number.isFinite(value))
    return {
      name,
      layers: indices.length,
      parameters: indices.reduce((sum, i) => sum + view.layers[i]!.parameters, 0),
      declared: training === 0 ? 'frozen' : training === indices.length ? 'training' : 'partly',
      distance: distances.length > 0 ? Math.max(...(distances as number[])) : null,
    }
  })
}

export interface Shown {
  id: string
  path: string
  state: string
  view: RunView
  layers: readonly LayerRow[]
}

export function showText(
  { id, path, state, view, layers }: Shown,
  { colours }: Pick<Terminal, 'colours'>,
): string {
  const { started, ended, evals, alarms, controls, checkpoints } = view
  const facts: [string, string][] = [['state', ended ? endLine(view) : `${state}, ${progressLine(view)}`]]
  if (started) {
    const { strategy, model, data, backend, seed } = started
    facts.push(
      ['strategy', `${strategy.title} (${strategy.name})`],
      ['network', `${model.source}, ${model.architecture}, ${(model.parameters / 1e6).toFixed(2)} M values`],
      [
        'data',
        `${data.source}, ${count(data.classes.length, 'class', 'classes')}, ${data.counts.train} to train, ${data.counts.val} to validate, ${data.counts.test} to test`,
      ],
      ['back end', `${backend.name} (${backend.device}), seed ${seed}`],
    )
  }
  if (ended)
    facts.push([
      'moved',
      `${percent(ended.moved)} of the backbone’s weights, distance ${share(ended.distance)}`,
    ])
  if (view.attempts.length > 1)
    facts.push(['attempts', view.attempts.map(({ from }) => `from step ${from}`).join(', ')])
  if (view.cache) facts.push(['features', cacheLine(view.cache)])
  if (checkpoints.length > 0) facts.push(['checkpoints', `newest at step ${checkpoints.at(-1)!.step}`])
  facts.push(['folder', path])
  const parts = [
    colours.bold(`${view.name || id}  ${colours.dim(id)}`),
    facts.map(([name, value]) => `${colours.dim(name.padEnd(12))}${value}`).join('\n'),
  ]
  if (alarms.length > 0) {
    parts.push(
      alarms
        .map(({ step, code, layer, message }) =>
          colours.red(`alarm at step ${step} (${[code, layer].filter(Boolean).join(', ')}): ${message}`),
        )
        .join('\n'),
    )
  }
  const live = controls.filter(({ source }) => source !== 'run file')
  if (live.length > 0)
    parts.push(
      live
        .map(({ step, action, source }) => `step ${step}: ${source} did ${JSON.stringify(action)}`)
        .join('\n'),
    )
  const last = evals.at(-1)
  if (last && started) {
    parts.push(
      `${last.split}, step ${last.step}: ${evaluationText(last.metrics, view.confusion[last.split]?.matrix, started.data.classes, colours)}`,
    )
  }
  if (layers.length > 0) parts.push(layerTable(layers, colours))
  return parts.join('\n\n')
}

function layerTable(rows: readonly LayerRow[], colours: Terminal['colours']): string {
  return renderTable(
    [
      { head: 'layers', cell: (row) => row.name },
      { head: 'values', align: 'right', cell: (row) => String(row.parameters) },
      { head: 'declared', cell: (row) => row.declared },
      {
        head: 'distance',
        align: 'right',
        cell: (row) => (row.distance === null ? '' : row.distance === 0 ? '0' : number(row.distance)),
      },
    ],
    rows,
    colours,
  )
}

/** For example `420 of 460 known already (91 %): 400 in memory, 20 on disk; 40 computed`. */
function cacheLine({ memory, disk, computed }: NonNullable<RunView['cache']>): string {
  const known = memory + disk
  const total = known + computed
  return `${known} of ${total} known already (${percent(known / total)}): ${memory} in memory, ${disk} on disk; ${computed} computed`
}
