import type { Spot } from './figure'

export interface Place {
  row: number
  column: number
}

type Rows = readonly (readonly Spot[])[]

/** How far a point is from a rectangle, squared; 0 inside. */
function away({ x, y, width, height }: Spot, px: number, py: number): number {
  const dx = Math.max(x - px, 0, px - x - width)
  const dy = Math.max(y - py, 0, py - y - height)
  return dx * dx + dy * dy
}

/** The spot nearest to a point; undefined without any. */
export function nearest(rows: Rows, x: number, y: number): Place | undefined {
  let best: Place | undefined
  let least = Infinity
  rows.forEach((spots, row) =>
    spots.forEach((spot, column) => {
      const distance = away(spot, x, y)
      if (distance < least) [best, least] = [{ row, column }, distance]
    }),
  )
  return best
}

/** Where a key leads from a place; undefined for keys that lead nowhere. The first key press leads to the first spot. */
export function walk(rows: Rows, from: Place | undefined, key: string): Place | undefined {
  const full = rows.flatMap((spots, row) => (spots.length > 0 ? [row] : []))
  if (full.length === 0) return undefined
  const keys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown']
  if (!keys.includes(key)) return undefined
  if (!from || !rows[from.row]?.[from.column]) return { row: full[0]!, column: 0 }
  const last = rows[from.row]!.length - 1
  const within = (column: number) => ({ row: from.row, column: Math.min(last, Math.max(0, column)) })
  const other = (by: number) => {
    const at = full.indexOf(from.row)
    const row = full[Math.min(full.length - 1, Math.max(0, at + by))]!
    // straight above or below, whatever number it has in its own row
    const { x, width } = rows[from.row]![from.column]!
    const far = (spot: Spot) => Math.abs(spot.x + spot.width / 2 - x - width / 2)
    const spots = rows[row]!
    const column = spots.reduce((best, spot, i) => (far(spot) < far(spots[best]!) ? i : best), 0)
    return { row, column }
  }
  switch (key) {
    case 'ArrowLeft':
      return within(from.column - 1)
    case 'ArrowRight':
      return within(from.column + 1)
    case 'ArrowUp':
      return other(-1)
    case 'ArrowDown':
      return other(1)
    case 'PageUp':
      return other(-10)
    case 'PageDown':
      return other(10)
    case 'Home':
      return within(0)
    default:
      return within(last)
  }
}
