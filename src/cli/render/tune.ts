import type { TrialResult, TuneResult } from '../../study/tune'
import type { Colours } from '../terminal'
import { count, duration, number, share } from './numbers'
import { renderTable } from './table'

export const METRIC_WORDS = {
  balancedAccuracy: 'balanced accuracy',
  accuracy: 'accuracy',
  macroF1: 'macro F1',
  loss: 'loss',
} as const

/** Trials, the best first, and what may be said of them. */
export function tuneText(result: TuneResult, colours?: Colours): string {
  const { metric, trials, best, alike, seeds, images } = result
  const sign = metric === 'loss' ? 1 : -1
  const rows = [...trials].sort((a, b) => rank(a, sign) - rank(b, sign) || a.number - b.number)
  const paths = Object.keys(trials[0]?.values ?? {})
  const table = renderTable(
    [
      { head: 'trial', align: 'right', cell: (row) => String(row.number) },
      { head: METRIC_WORDS[metric], cell: (row) => valueText(row, metric) },
      ...paths.map((path) => ({
        head: path,
        align: 'right' as const,
        cell: (row: TrialResult) => text(row.values[path]),
      })),
      { head: 'time', align: 'right', cell: (row) => (row.seconds > 0 ? duration(row.seconds) : '') },
      {
        head: '',
        cell: (row) =>
          row.state === 'failed' ? `failed: ${row.message ?? ''}` : row.state === 'open' ? 'not done' : '',
      },
    ],
    rows,
    colours,
  )
  const parts = [table]
  if (best) {
    parts.push(
      `best: trial ${best.number} of ${trials.length}, by ${count(images, 'validation image')}${seeds.length > 1 ? ` and ${seeds.length} seeds` : ''}`,
    )
    if (alike.length > 0)
      parts.push(
        `${count(alike.length, 'other trial')} (${shorten(alike)}) ${alike.length === 1 ? 'lies' : 'lie'} within the interval of the best: the validation images do not tell ${alike.length === 1 ? 'it' : 'them'} apart.`,
      )
    parts.push(
      'The best of many is too good on the images that chose it; the test images, untouched so far, tell what it is worth.',
    )
  }
  return parts.join('\n')
}

function rank({ value }: TrialResult, sign: number): number {
  return value === null ? Infinity : sign * value
}

function valueText({ value, low, high }: TrialResult, metric: TuneResult['metric']): string {
  if (value === null) return ''
  if (metric === 'loss') return number(value)
  return metric === 'balancedAccuracy' && low !== null
    ? `${share(value)} (${share(low)} to ${share(high!)})`
    : share(value)
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? number(value) : JSON.stringify(value)

function shorten(numbers: readonly number[]): string {
  return numbers.length > 6 ? `${numbers.slice(0, 6).join(', ')}, …` : numbers.join(', ')
}
