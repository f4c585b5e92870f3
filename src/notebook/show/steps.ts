import type { StepReport } from '../../engine/train'
import type { DeclaredPhase, LayerInfo } from '../../events'
import type { SessionRecord } from '../api/record'
import { DISPLAY_MIME, MAX_COLUMNS, type StepOutput } from '../displays'
import type { OutputItems } from '../protocol'
import { trains } from './freezeMap'
import { plain, thinned } from './text'

export interface StepsShown {
  name: string
  strategy: string
  done: number
  planned: number
  layers: readonly LayerInfo[]
  declared: DeclaredPhase['declared']
  /** Of the cell; the last is the newest. */
  reports: readonly StepReport[]
  asked?: number
  id?: string
  live?: boolean
}

/** What some steps did, by stage, as plain data. */
export function stepOutput(shown: StepsShown, record: SessionRecord): StepOutput {
  const { layers, declared, asked, id, live } = shown
  const reports = thinned(shown.reports.length, MAX_COLUMNS).map((i) => shown.reports[i]!)
  const view = record.view()
  const stages = [...new Set(layers.map((layer) => layer.stage))].map((name) => {
    const inside = layers.flatMap((layer, index) => (layer.stage === name ? [index] : []))
    const greatest = (step: number, measure: 'updateRatio' | 'moved' | 'distance') =>
      inside.reduce<number | null>((best, layer) => {
        const value = record.measured(step, layer, measure)
        return value === undefined ? best : Math.max(best ?? -Infinity, value)
      }, null)
    return {
      name,
      layers: inside.length,
      training: inside.some((layer) => declared[layer]?.training === true),
      trained: reports.map(({ step }) => inside.some((layer) => trains(view, step, layer))),
      update: reports.map(({ step }) => plain(greatest(step, 'updateRatio') ?? undefined)),
      moved: reports.map(({ step }) => {
        const value = greatest(step, 'moved')
        return value === null ? null : value > 0
      }),
      distance: greatest(reports.at(-1)!.step, 'distance') ?? 0,
    }
  })
  const names = [...new Set(reports.flatMap((report) => Object.keys(report.parts)))]
  const time = ({ ms }: StepReport) => ms.data + ms.compute + ms.update + ms.record
  return {
    v: 1,
    ...(id !== undefined && { id }),
    ...(live && { live }),
    name: shown.name,
    strategy: shown.strategy,
    done: shown.done,
    planned: shown.planned,
    steps: reports.map((report) => report.step),
    loss: reports.map((report) => plain(report.loss)),
    parts: Object.fromEntries(
      names.map((name) => [name, reports.map((report) => plain(report.parts[name] ?? 0))]),
    ),
    accuracy: reports.map((report) => plain(report.accuracy)),
    ms: shown.reports.reduce((sum, report) => sum + time(report), 0) / shown.reports.length,
    ...(asked !== undefined && { asked }),
    stages,
  }
}

export function stepItems(output: StepOutput): OutputItems {
  return { [DISPLAY_MIME.steps]: output, ...(!output.live && { 'text/plain': stepText(output) }) }
}

/** The same in words, for where no renderer is. */
export function stepText(output: StepOutput): string {
  const { steps, loss, accuracy, done, planned, ms } = output
  const moved = output.stages
    .filter((stage) => stage.moved.some((one) => one === true))
    .map((stage) => stage.name)
  const still = output.stages
    .filter((stage) => stage.moved.every((one) => one === false))
    .map((stage) => stage.name)
  const range = steps.length === 1 ? `Step ${steps[0]}` : `Steps ${steps[0]} to ${steps.at(-1)}`
  const last = loss.at(-1)
  return [
    `${range} of ${planned}: loss ${last === null || last === undefined ? '–' : last.toPrecision(4)}, training accuracy ${(accuracy.at(-1) ?? 0).toFixed(2)}, ${(ms / 1000).toFixed(2)} s a step`,
    ...(moved.length > 0 ? [`moved: ${moved.join(', ')}`] : []),
    ...(still.length > 0 ? [`did not move: ${still.join(', ')}`] : []),
    ...(done >= planned ? ['all planned steps are done'] : []),
  ].join('\n')
}
