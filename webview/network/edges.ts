import type { NetworkTable } from '../../src/events/artifacts'
import type { NetworkRow } from './rows'

/** What flows from one line to another. */
export interface Edge {
  from: number
  to: number
  /** 0: straight to the next line that stands for layers; above: how far out it goes round those between. */
  lane: number
}

/** Lines that stand for layers: all but open stages and blocks, whose layers have lines of their own. */
export const stands = (row: NetworkRow): boolean => row.open !== true

/** Between lines, each once; what stays inside a folded line is left out. */
export function edgesOf({ layers }: NetworkTable, rows: readonly NetworkRow[]): Edge[] {
  const rowOf = new Map<number, number>()
  rows.forEach((row, at) => stands(row) && row.layers.forEach((layer) => rowOf.set(layer, at)))
  const order = new Map(rows.flatMap((row, at) => (stands(row) ? [at] : [])).map((at, i) => [at, i]))
  const found = new Map<string, Edge>()
  layers.forEach(({ inputs }, layer) => {
    for (const input of inputs) {
      const [a, b] = [rowOf.get(input)!, rowOf.get(layer)!]
      if (a !== b) found.set(`${a}/${b}`, { from: Math.min(a, b), to: Math.max(a, b), lane: 0 })
    }
  })
  const edges = [...found.values()].sort((a, b) => a.to - a.from - (b.to - b.from) || a.from - b.from)
  const taken: Edge[][] = []
  for (const edge of edges) {
    if (order.get(edge.to)! - order.get(edge.from)! === 1) continue
    // the innermost lane in which it crosses no other; ends may touch
    const free = taken.findIndex((lane) => lane.every(({ from, to }) => edge.to <= from || edge.from >= to))
    edge.lane = (free < 0 ? taken.push([]) - 1 : free) + 1
    taken[edge.lane - 1]!.push(edge)
  }
  return edges
}
