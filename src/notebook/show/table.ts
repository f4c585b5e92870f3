import { DISPLAY_MIME, type TableDisplay } from '../displays'
import type { OutputItems } from '../protocol'
import { aligned, number, percent } from './text'

/** Rows of a table that are kept. */
const MAX_ROWS = 1000

export function tableItems(display: TableDisplay): OutputItems {
  return { [DISPLAY_MIME.table]: display, 'text/plain': tableText(display) }
}

export function cellText(
  value: string | number | null,
  { kind, digits }: TableDisplay['columns'][number],
): string {
  if (value === null) return '–'
  if (typeof value === 'string') return value
  if (kind === 'percent') return percent(value, digits ?? 1)
  if (kind === 'bytes') return `${(value / 1e6).toFixed(1)} MB`
  return digits === undefined ? number(value) : value.toFixed(digits)
}

export function tableText({ title, columns, rows, more }: TableDisplay): string {
  const shown = rows.slice(0, 40)
  const text = aligned(
    [
      columns.map(({ name }) => name),
      ...shown.map((row) => columns.map((column, i) => cellText(row[i] ?? null, column))),
    ],
    columns.map(({ kind }) => kind !== 'text'),
  )
  const left = rows.length - shown.length + (more ?? 0)
  return [...(title ? [title] : []), text, ...(left > 0 ? [`… ${left} more rows`] : [])].join('\n')
}

/** Rows of plain objects as a table; values that are neither text nor number are put into words. */
export function tableOf(rows: readonly Record<string, unknown>[], title?: string): TableDisplay {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const plain = (value: unknown): string | number | null => {
    if (value === null || value === undefined) return null
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
    if (typeof value === 'string') return value
    return typeof value === 'object' ? JSON.stringify(value).slice(0, 200) : String(value as boolean)
  }
  const kept = rows.slice(0, MAX_ROWS).map((row) => names.map((name) => plain(row[name])))
  return {
    v: 1,
    ...(title !== undefined && { title }),
    columns: names.map((name, i) => ({
      name,
      kind: kept.every((row) => typeof row[i] !== 'string') ? 'number' : 'text',
    })),
    rows: kept,
    ...(rows.length > kept.length && { more: rows.length - kept.length }),
  }
}
