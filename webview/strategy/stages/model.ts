import { groupBy } from '../../groups'
import type { LayerInfo } from '../../../src/events/types'
import type { LayerWindow } from '../../../src/extension/protocol'
import type { PlotLine } from '../../plot/lines'

/** Median over a stage's layers that have parameters; null where none was measured. */
export function stageLines(layers: readonly LayerInfo[], window: LayerWindow): Omit<PlotLine, 'colour'>[] {
  const stages = groupBy(
    layers.map((layer, index) => ({ ...layer, index })).filter(({ parameters }) => parameters > 0),
    ({ stage }) => stage,
  )
  const columns = window.to.length
  const values = window.values.distance
  return [...stages].map(([name, own]) => {
    const line = window.to.map((_, c) => {
      const seen = own
        .map(({ index }) => values?.[index * columns + c] ?? NaN)
        .filter((value) => !Number.isNaN(value))
        .sort((a, b) => a - b)
      if (seen.length === 0) return null
      const middle = seen.length >> 1
      return seen.length % 2 ? seen[middle]! : (seen[middle - 1]! + seen[middle]!) / 2
    })
    const measured = line.filter((value) => value !== null)
    const still = measured.length > 0 && measured.every((value) => value === 0)
    return { name, steps: window.to, values: line, ...(still && { said: 'did not move' }) }
  })
}
