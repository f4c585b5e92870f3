import type { Comparison } from '../compare'
import type { Colours } from '../terminal'
import { accuracy, duration, interval, number, percent, share } from './numbers'
import { renderTable } from './table'

export function comparisonText({ runs, pairs, groups, overSeeds }: Comparison, colours?: Colours): string {
  const names = new Map(
    runs.map(({ run, name, seed }) => [
      run,
      runs.filter((other) => other.name === name).length > 1 ? `${name} (seed ${seed})` : name,
    ]),
  )
  const parts = [
    renderTable(
      [
        { head: 'run', cell: (row) => names.get(row.run)! },
        { head: 'balanced accuracy', cell: (row) => accuracy(row.metrics) },
        { head: 'log-loss', align: 'right', cell: (row) => number(row.metrics.logLoss) },
        { head: 'time', align: 'right', cell: (row) => duration(row.seconds ?? undefined) },
        { head: 'moved', align: 'right', cell: (row) => percent(row.moved ?? undefined) },
        { head: 'distance', align: 'right', cell: (row) => share(row.distance ?? undefined) },
        { head: 'computed by', cell: (row) => row.computed },
      ],
      runs,
      colours,
    ),
    renderTable(
      [
        { head: 'pair', cell: (row) => `${names.get(row.b)} against ${names.get(row.a)}` },
        { head: 'difference', cell: (row) => interval(row.difference, row.interval.low, row.interval.high) },
        { head: 'only one right', align: 'right', cell: (row) => `${row.onlyB} : ${row.onlyA}` },
        { head: 'p (Holm)', align: 'right', cell: (row) => row.adjusted.toFixed(3) },
        { head: 'verdict', cell: (row) => row.verdict },
      ],
      pairs,
      colours,
    ),
  ]
  if (groups.length > 0) {
    parts.push(
      groups
        .map(
          ({ name, count, mean, low, high }) =>
            `${name}: mean ${share(mean)} (${share(low)} to ${share(high)}) over ${count} seeds`,
        )
        .join('\n'),
    )
  }
  for (const row of overSeeds) {
    parts.push(
      `${row.b} against ${row.a} over ${row.seeds} seeds: ${interval(row.difference, row.low, row.high)}, p ${row.p.toFixed(3)} (Holm), ${row.verdict}`,
    )
  }
  parts.push('One run a side says nothing about other seeds: the interval is of the test images alone.')
  if (overSeeds.length > 0) parts.pop()
  return parts.join('\n\n')
}
