import type { NetworkTable } from '../../src/events/artifacts'
import { groupBy } from '../groups'
import { blockLabel } from '../map/layout'

/** One line of the graph: a layer, or a stage or block with its layers below it or folded into it. */
export interface NetworkRow {
  /** `stage/NAME`, `block/STAGE/NAME` or `layer/NAME`. */
  key: string
  level: number
  label: string
  /** Indices of its layers. */
  layers: number[]
  /** Of a stage or block: whether its layers have lines of their own. */
  open?: boolean
}

export const layerKey = (name: string): string => `layer/${name}`

/** Keys of the stage and the block that hold a layer: open both, and it has a line. */
export const holdersOf = ({ stage, block }: { stage: string; block: string }): string[] => [
  `stage/${stage}`,
  ...(block === '' ? [] : [`block/${stage}/${block}`]),
]

/** Lines from the input down; a stage or block of one layer is that layer. */
export function rowsOf({ layers }: NetworkTable, isOpen: (key: string) => boolean): NetworkRow[] {
  const one = (i: number, level: number): NetworkRow => {
    const { name, stage, block } = layers[i]!
    const within = [block, stage].find((prefix) => prefix !== '' && name.startsWith(`${prefix}.`))
    return {
      key: layerKey(name),
      level,
      label: within === undefined || level === 0 ? name : name.slice(within.length + 1),
      layers: [i],
    }
  }
  const blocksOf = (stage: string, indices: number[]): NetworkRow[] =>
    [...groupBy(indices, (i) => layers[i]!.block)].flatMap(([block, inner]) => {
      if (block === '' || inner.length === 1) return inner.map((i) => one(i, 1))
      const key = `block/${stage}/${block}`
      const open = isOpen(key)
      const row = { key, level: 1, label: blockLabel(block, stage), layers: inner, open }
      return [row, ...(open ? inner.map((i) => one(i, 2)) : [])]
    })
  return [...groupBy([...layers.keys()], (i) => layers[i]!.stage)].flatMap(([stage, indices]) => {
    if (stage === '' || indices.length === 1) return indices.map((i) => one(i, 0))
    const key = `stage/${stage}`
    const open = isOpen(key)
    return [{ key, level: 0, label: stage, layers: indices, open }, ...(open ? blocksOf(stage, indices) : [])]
  })
}
