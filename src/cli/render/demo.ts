import type { Colours } from '../terminal'
import { accuracy, duration, percent, share } from './numbers'
import { renderTable } from './table'

/** One row of the demo's table; the same fields stand in the last line of `--json`. */
export interface DemoRow {
  name: string
  balancedAccuracy: number
  low: number
  high: number
  seconds: number
  moved: number
  distance: number
  run: string
  /** Starts from the pre-trained network. */
  transfer: boolean
}

export function demoTable(rows: readonly DemoRow[], colours?: Colours): string {
  return renderTable(
    [
      { head: 'how', cell: (row) => row.name },
      { head: 'balanced accuracy (95 % interval)', cell: (row) => accuracy(row) },
      { head: 'time', align: 'right', cell: (row) => duration(row.seconds) },
      { head: 'weights moved', align: 'right', cell: (row) => percent(row.moved) },
      { head: 'distance', align: 'right', cell: (row) => (row.transfer ? share(row.distance) : '-') },
    ],
    rows,
    colours,
  )
}

/** What the table may be read to say, and what not. */
export function demoReading(rows: readonly DemoRow[], images: number): string[] {
  const transfer = rows.filter((row) => row.transfer)
  const scratch = best(rows.filter((row) => !row.transfer))
  const lines = [
    `All rows: the same ${images} held-out images, chance ${share(0.1)}. Distance: ||w - w0|| / ||w0|| from the pre-trained backbone.`,
  ]
  if (scratch && transfer.length > 0) {
    const worst = transfer.reduce((low, row) => (row.balancedAccuracy < low.balancedAccuracy ? row : low))
    const clear = transfer.filter((row) => row.low > scratch.high)
    const gap = signed(best(transfer)!.balancedAccuracy - scratch.balancedAccuracy)
    lines.push(
      clear.length === transfer.length
        ? `Transfer beats scratch: even ${worst.name} lies above ${scratch.name}, and no interval overlaps (best against best ${gap}).`
        : clear.length > 0
          ? `Transfer against scratch: ${list(clear)} above ${scratch.name} without overlap (best against best ${gap}); for ${list(transfer.filter((row) => !clear.includes(row)))} the intervals overlap.`
          : `Transfer against scratch: the intervals overlap (best against best ${gap}), so this run does not show a difference.`,
    )
  }
  if (transfer.length > 1) {
    const pairs = transfer.flatMap((a, i) => transfer.slice(i + 1).map((b) => [a, b] as const))
    const apart = pairs.filter(([a, b]) => a.low > b.high || b.low > a.high)
    lines.push(
      apart.length === 0
        ? `${list(transfer)} are not separated: their intervals overlap, one seed and ${images} images cannot rank them.`
        : `Separated: ${apart.map(([a, b]) => `${a.name} and ${b.name}`).join('; ')}. All other pairs of strategies are not separated.`,
    )
  }
  if (rows.some((row) => row.name.includes('undertrained'))) {
    lines.push(
      'The undertrained row is the same network without pre-training at the same steps: it says what pre-training is worth at this budget, not what the network could reach.',
    )
  }
  return lines
}

function best(rows: readonly DemoRow[]): DemoRow | undefined {
  return rows.length === 0
    ? undefined
    : rows.reduce((high, row) => (row.balancedAccuracy > high.balancedAccuracy ? row : high))
}

function list(rows: readonly DemoRow[]): string {
  const names = rows.map((row) => row.name)
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`
}
