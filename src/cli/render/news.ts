import type { RunView } from '../../events'
import { accuracy, number } from './numbers'

/** What has happened between two views that a person should read even when nobody looks: alarms, phases, evaluations. */
export function news(before: RunView | undefined, after: RunView): string[] {
  const lines: string[] = []
  if (after.started && !before?.started) {
    const { backend, data, model } = after.started
    lines.push(
      `${model.architecture} on ${backend.name} (${backend.device}); ${data.classes.length} classes, ` +
        `${data.counts.train} images to train, ${data.counts.test} to test`,
    )
  }
  if (after.phase !== (before?.phase ?? -1) && after.phases.length > 1) {
    lines.push(`phase ${after.phase + 1} of ${after.phases.length}: ${after.phases[after.phase]?.name ?? ''}`)
  }
  for (const { step, code, layer, message } of after.alarms.slice(before?.alarms.length ?? 0)) {
    lines.push(`ALARM at step ${step} (${code}${layer ? `, ${layer}` : ''}): ${message}`)
  }
  for (const { step, split, metrics } of after.evals.slice(before?.evals.length ?? 0)) {
    lines.push(
      `step ${step}: ${split} balanced accuracy ${accuracy(metrics)}, log-loss ${number(metrics.logLoss)}`,
    )
  }
  for (const { level, message } of after.logs.slice(before?.logs.length ?? 0)) {
    if (level !== 'info') lines.push(`${level}: ${message}`)
  }
  return lines
}
