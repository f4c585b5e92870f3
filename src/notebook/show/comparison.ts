import { DISPLAY_MIME, type ComparisonDisplay } from '../displays'
import type { OutputItems } from '../protocol'
import { aligned } from './text'
import { cellText } from './table'

export function comparisonItems(display: ComparisonDisplay): OutputItems {
  return { [DISPLAY_MIME.comparison]: display, 'text/plain': comparisonText(display) }
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

export function comparisonText({ a, b, from, until, difference, rows }: ComparisonDisplay): string {
  const lines = [`${a.name}: ${a.what}`, `${b.name}: ${b.what}`]
  if (from > 0) lines.push(`the steps up to ${from} are the same`)
  if (difference) {
    const { value, low, high, separated, count, split, onlyA, onlyB } = difference
    lines.push(
      `${b.name} minus ${a.name}, balanced accuracy on the same ${count} ${split} images: ${signed(value)} [${signed(low)}, ${signed(high)}], ${separated ? 'separated' : 'not separated'}`,
      `${onlyA} images only ${a.name} gets right, ${onlyB} only ${b.name}`,
    )
  }
  const table = aligned(
    [
      [`Step ${until}`, a.name, b.name],
      ...rows.map((row) => [row.name, ...[row.a, row.b].map((value) => cellText(value, row))]),
    ],
    [false, true, true],
  )
  return `${lines.join('\n')}\n${table}`
}
