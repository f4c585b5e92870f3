/** A share as a percentage, a number with so many digits: words for where no renderer is. */
export const percent = (value: number | null | undefined, digits = 0): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? '–'
    : `${(value * 100).toFixed(digits)} %`

export const number = (value: number | null | undefined, digits = 3): string => {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value)
  const size = Math.abs(value)
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(1) : value.toPrecision(digits)
}

/** `2.39 M` */
export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toPrecision(3)} G`
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  return value >= 1e4 ? `${(value / 1e3).toPrecision(3)} k` : String(value)
}

/** Columns set apart by two spaces; numbers to the right. */
export function aligned(rows: readonly (readonly string[])[], right: readonly boolean[] = []): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => [...(row[i] ?? '')].length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** JSON has no number that is not finite. */
export const plain = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value

/** Positions of at most `limit` of so many things, evenly, the last among them. */
export function thinned(length: number, limit: number): number[] {
  if (length <= limit) return [...Array(length).keys()]
  const each = Math.ceil(length / limit)
  const kept = [...Array(length).keys()].filter((i) => (length - 1 - i) % each === 0)
  return kept
}
