import type { LayerInfo, LayerWindow, RunView } from '../../events'
import { DISPLAY_MIME, MAX_COLUMNS, type FreezeMapDisplay } from '../displays'
import type { RunHistory } from '../api/record'
import type { OutputItems } from '../protocol'
import { marksOf } from './curves'
import { number, plain } from './text'

type By = FreezeMapDisplay['by']

const rowName = (layer: LayerInfo, by: By): string =>
  by === 'stage'
    ? layer.stage
    : by === 'block'
      ? layer.block
        ? `${layer.stage}/${layer.block}`
        : layer.stage
      : layer.name

/** Layers, blocks or stages by steps: declared against what moved. */
export async function freezeMapDisplay(
  history: RunHistory,
  by: By,
  shared?: FreezeMapDisplay['shared'],
): Promise<FreezeMapDisplay> {
  const view = await history.view()
  const [update, moved] = [
    await history.window('updateRatio', MAX_COLUMNS),
    await history.window('moved', MAX_COLUMNS),
  ]
  const names = [...new Set(view.layers.map((layer) => rowName(layer, by)))]
  const steps = [...update.to]
  return {
    v: 1,
    title: view.name,
    by,
    steps,
    rows: names.map((name) => {
      const layers = view.layers.flatMap((layer, index) => (rowName(layer, by) === name ? [index] : []))
      const highest = (window: LayerWindow, column: number) =>
        layers.reduce<number | undefined>((best, layer) => {
          const value = window.high[window.layers.indexOf(layer) * window.columns + column]
          return value === undefined || Number.isNaN(value) ? best : Math.max(best ?? -Infinity, value)
        }, undefined)
      return {
        name,
        stage: view.layers[layers[0]!]!.stage,
        update: steps.map((_, column) => plain(highest(update, column))),
        training: steps.map((step) => layers.some((layer) => trains(view, step, layer))),
        moved: steps.map((_, column) => {
          const value = highest(moved, column)
          return value === undefined ? null : value > 0
        }),
      }
    }),
    marks: marksOf(view),
    ...(shared && { shared }),
  }
}

/** What was declared for the step that brought the count to `step`. */
export function trains(view: RunView, step: number, layer: number): boolean {
  const declaration = view.declarations.findLast((one) => one.step < step) ?? view.declarations[0]
  return declaration?.phase.declared[layer]?.training === true
}

export function freezeMapItems(display: FreezeMapDisplay): OutputItems {
  return { [DISPLAY_MIME.freezeMap]: display, 'text/plain': freezeMapText(display) }
}

/** One row a line: `·` frozen and still, `▲` moved although frozen, digits for how far a step moves it. */
export function freezeMapText({ rows, steps, shared }: FreezeMapDisplay): string {
  if (steps.length === 0) return 'No step has been taken yet.'
  const width = Math.max(...rows.map(({ name }) => name.length))
  const columns = Math.min(60, steps.length)
  const at = (column: number) => Math.floor((column * steps.length) / columns)
  const cell = (row: FreezeMapDisplay['rows'][number], i: number) => {
    if (row.moved[i] === true && !row.training[i]) return '▲'
    if (!row.training[i]) return '·'
    const value = row.update[i] ?? null
    if (value === null || value === 0) return ' '
    return String(Math.max(1, Math.min(9, Math.round(10 + 2 * Math.log10(value)))))
  }
  return [
    ...rows.map(
      (row) =>
        `${row.name.padEnd(width)} ${Array.from({ length: columns }, (_, column) => cell(row, at(column))).join('')}`,
    ),
    `${' '.repeat(width)} steps ${steps[0]} to ${steps.at(-1)}; 1 to 9: log of the update ratio (9: ${number(0.3)}), ·: frozen, ▲: frozen, yet moved`,
    ...(shared ? [`up to step ${shared.until} these are the steps of ${shared.with}`] : []),
  ].join('\n')
}
