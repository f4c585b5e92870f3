import type { StepReport, TrainingSession } from '../engine/train'
import type { MemorySink } from './memorySink'
import type { StepOutput } from './displays'

/** What some steps did, by stage, as plain data. */
export function stepOutput(
  session: TrainingSession,
  sink: MemorySink,
  reports: readonly StepReport[],
): StepOutput {
  const { setup } = session
  const declared = session.declared().declared
  const stages = [...new Set(setup.layers.map((layer) => layer.stage))].map((name) => {
    const layers = setup.layers.flatMap((layer, index) => (layer.stage === name ? [index] : []))
    const greatest = (step: number, measure: 'updateRatio' | 'moved' | 'distance') =>
      layers.reduce<number | null>((best, layer) => {
        const value = sink.measured(step, layer, measure)
        return value === undefined ? best : Math.max(best ?? -Infinity, value)
      }, null)
    const last = reports.at(-1)!.step
    return {
      name,
      layers: layers.length,
      training: layers.some((layer) => declared[layer]?.training === true),
      update: reports.map(({ step }) => greatest(step, 'updateRatio')),
      moved: reports.map(({ step }) => {
        const value = greatest(step, 'moved')
        return value === null ? null : value > 0
      }),
      distance: greatest(last, 'distance') ?? 0,
    }
  })
  const names = [...new Set(reports.flatMap((report) => Object.keys(report.parts)))]
  const time = ({ ms }: StepReport) => ms.data + ms.compute + ms.update + ms.record
  return {
    v: 1,
    name: setup.spec.name ?? setup.strategy.meta.title,
    strategy: setup.strategy.meta.title,
    done: session.steps,
    planned: setup.steps,
    steps: reports.map((report) => report.step),
    loss: reports.map((report) => report.loss),
    parts: Object.fromEntries(names.map((name) => [name, reports.map((report) => report.parts[name] ?? 0)])),
    accuracy: reports.map((report) => report.accuracy),
    ms: reports.reduce((sum, report) => sum + time(report), 0) / reports.length,
    stages,
  }
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
  return [
    `${range} of ${planned}: loss ${loss.at(-1)!.toPrecision(4)}, training accuracy ${accuracy.at(-1)!.toFixed(2)}, ${(ms / 1000).toFixed(2)} s a step`,
    ...(moved.length > 0 ? [`moved: ${moved.join(', ')}`] : []),
    ...(still.length > 0 ? [`did not move: ${still.join(', ')}`] : []),
    ...(done >= planned ? ['all planned steps are done'] : []),
  ].join('\n')
}
