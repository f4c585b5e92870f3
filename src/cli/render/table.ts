import Table from 'cli-table3'
import type { Colours } from '../terminal'

export interface Column<T> {
  head: string
  align?: 'left' | 'right'
  cell(row: T): string
}

const NONE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table without lines, for people; columns that no row fills are left out. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], colours?: Colours): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const filled = columns.map((_, i) => i).filter((i) => cells.some((row) => row[i] !== ''))
  const table = new Table({
    chars: NONE,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: filled.map((i) => (colours ? colours.dim(columns[i]!.head) : columns[i]!.head)),
    colAligns: filled.map((i) => columns[i]!.align ?? 'left'),
  })
  table.push(...cells.map((row) => filled.map((i) => row[i]!)))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
