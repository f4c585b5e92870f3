import type { Metrics } from '../../events'
import type { Colours } from '../terminal'
import { accuracy, count, number, share } from './numbers'
import { renderTable } from './table'

export function evaluationText(
  metrics: Metrics,
  confusion: readonly (readonly number[])[] | undefined,
  classes: readonly string[],
  colours?: Colours,
): string {
  const lines = [
    `balanced accuracy ${accuracy(metrics)} on ${count(metrics.count, 'image')}`,
    `accuracy ${share(metrics.accuracy)}, macro F1 ${share(metrics.macroF1)}, log-loss ${number(metrics.logLoss)}, calibration error ${share(metrics.ece)}`,
  ]
  if (confusion && classes.length <= 20) lines.push('', confusionTable(confusion, classes, colours))
  return lines.join('\n')
}

/** Rows are true classes, columns predictions. */
export function confusionTable(
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
  colours?: Colours,
): string {
  return renderTable(
    [
      { head: 'true \\ predicted', cell: (row: number) => classes[row] ?? String(row) },
      ...classes.map((name, column) => ({
        head: name,
        align: 'right' as const,
        cell: (row: number) =>
          confusion[row]?.[column] === 0 ? '·' : String(confusion[row]?.[column] ?? ''),
      })),
    ],
    classes.map((_, row) => row),
    colours,
  )
}
