import type { StrategyMeta } from '../../engine/strategies/types'
import type { BackendRow, ModelRow, RunRow } from '../lists'
import type { Terminal } from '../terminal'
import { accuracy, duration, percent, share } from './numbers'
import { renderTable, type Column } from './table'

type Look = Pick<Terminal, 'colours' | 'columns'>

export function runTable(rows: readonly RunRow[], root: string, { colours }: Look): string {
  if (rows.length === 0) return `no runs in ${root}; \`thaw run FILE\` starts one, \`thaw demo\` starts five`
  const columns: Column<RunRow>[] = [
    { head: 'run', cell: (row) => row.id },
    { head: 'name', cell: (row) => row.name },
    { head: 'state', cell: (row) => row.state },
    { head: 'step', align: 'right', cell: (row) => `${row.step}/${row.steps}` },
    { head: 'balanced accuracy', cell: (row) => accuracy(row.metrics) },
    { head: 'time', align: 'right', cell: (row) => duration(row.seconds) },
    { head: 'moved', align: 'right', cell: (row) => percent(row.moved) },
    { head: 'distance', align: 'right', cell: (row) => share(row.distance) },
  ]
  return renderTable(columns, rows, colours)
}

type StrategyRow = Pick<StrategyMeta, 'name' | 'title' | 'type' | 'summary' | 'source' | 'cost'>

/** Not a table: a summary is a sentence, and a sentence needs the width. */
export function strategyTable(rows: readonly StrategyRow[], { colours, columns }: Look): string {
  const width = Math.max(40, Math.min(columns, 100))
  return rows
    .map(({ name, title, type, summary, source, cost }) =>
      [
        `${colours.bold(name)}  ${title} ${colours.dim(`(${type})`)}`,
        ...wrap(summary, width - 4).map((line) => `    ${line}`),
        ...wrap(`cost: ${cost}`, width - 4).map((line) => `    ${colours.dim(line)}`),
        ...wrap(source, width - 4).map((line) => `    ${colours.dim(line)}`),
      ].join('\n'),
    )
    .join('\n\n')
}

export function modelTable(rows: readonly ModelRow[], { colours }: Look): string {
  return renderTable(
    [
      { head: 'name', cell: (row) => row.name },
      {
        head: 'what',
        cell: (row) =>
          row.title || `${row.kind}: for a file of weights, or from scratch with "source": "none"`,
      },
      { head: 'input', align: 'right', cell: (row) => (row.inputSize === null ? '' : `${row.inputSize} px`) },
      { head: 'licence', cell: (row) => row.license },
    ],
    rows,
    colours,
  )
}

export function backendTable(rows: readonly BackendRow[], { colours }: Look): string {
  return renderTable(
    [
      { head: 'back end', cell: (row) => row.name },
      { head: 'works', cell: (row) => (row.works ? colours.green('yes') : 'no') },
      { head: 'what', cell: (row) => row.detail },
    ],
    rows,
    colours,
  )
}

export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
