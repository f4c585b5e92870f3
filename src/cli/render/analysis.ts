import type { Analysis } from '../../study/analysis'
import type { Colours } from '../terminal'
import { duration, interval, percent, share } from './numbers'
import { renderTable } from './table'

/** A comparison of methods in short; the report has the rest. */
export function analysisText({ methods, comparisons, reading }: Analysis, colours?: Colours): string {
  const rows = [...methods].sort((a, b) => b.summary.mean - a.summary.mean)
  return [
    renderTable(
      [
        { head: 'method', cell: (row) => row.name },
        {
          head: 'balanced accuracy',
          cell: ({ summary: { mean, low, high } }) => `${share(mean)} (${share(low)} to ${share(high)})`,
        },
        { head: 'seeds', align: 'right', cell: (row) => String(row.seeds.length) },
        { head: 'time', align: 'right', cell: (row) => duration(row.seconds) },
        { head: 'moved', align: 'right', cell: (row) => percent(row.moved ?? undefined) },
        { head: 'distance', align: 'right', cell: (row) => share(row.distance ?? undefined) },
      ],
      rows,
      colours,
    ),
    renderTable(
      [
        { head: 'pair', cell: (row) => `${row.b} against ${row.a}` },
        { head: 'difference', cell: (row) => interval(row.difference, row.low, row.high) },
        { head: 'p (Holm)', align: 'right', cell: (row) => row.adjusted.toFixed(3) },
        { head: 'verdict', cell: (row) => row.verdict },
        { head: 'could tell', align: 'right', cell: (row) => share(row.detectable) },
      ],
      comparisons,
      colours,
    ),
    reading.map((sentence) => `- ${sentence.replaceAll('**', '')}`).join('\n'),
  ].join('\n\n')
}
