import type { DeclaredPhase, LayerInfo } from '../../src/events/types'
import { groupBy } from '../groups'

/** One line of the map: a layer, or a whole stage when it is folded. */
export interface Row {
  key: string
  label: string
  /** Layer indices. */
  layers: number[]
  block: string
  y: number
  height: number
}

export interface Group {
  stage: string
  layers: number[]
  folded: boolean
  y: number
  end: number
  rows: Row[]
}

export const ROW = 8
export const FOLDED_ROW = 11
const STRIP = 4
const GAP = 5

/** Stages from the layer table, bottom up, with the heights of the mock-up's grid. */
export function layoutRows(
  layers: readonly LayerInfo[],
  isFolded: (stage: string) => boolean,
  top = 0,
): { groups: Group[]; height: number } {
  const groups: Group[] = []
  let y = top
  for (const [stage, indices] of byStage(layers)) {
    const group: Group = { stage, layers: indices, folded: isFolded(stage), y, end: y, rows: [] }
    y += STRIP
    if (group.folded) {
      group.rows.push({ key: stage, label: stage, layers: indices, block: '', y, height: FOLDED_ROW })
      y += FOLDED_ROW
    } else {
      let block = layers[indices[0]!]!.block
      for (const index of indices) {
        const layer = layers[index]!
        if (layer.block !== block) {
          y += 1
          block = layer.block
        }
        group.rows.push({ key: layer.name, label: layer.name, layers: [index], block, y, height: ROW })
        y += ROW
      }
    }
    group.end = y
    groups.push(group)
    y += GAP
  }
  return { groups, height: y - GAP - top }
}

const byStage = (layers: readonly LayerInfo[]): Map<string, number[]> =>
  groupBy([...layers.keys()], (index) => layers[index]!.stage)

/** Folded from the start: stages of one layer, stages that no phase trains, and all of a very deep network. */
export function foldedAtFirst(layers: readonly LayerInfo[], phases: readonly DeclaredPhase[]): Set<string> {
  const folded = new Set<string>()
  for (const [stage, indices] of byStage(layers)) {
    const trained = phases.some((phase) => indices.some((index) => phase.declared[index]?.training))
    if (indices.length === 1 || !trained || layers.length > 110) folded.add(stage)
  }
  return folded
}

/** Runs of rows with the same block, for the labels at their middle. */
export function blocks(group: Group): { label: string; middle: number }[] {
  const found: { label: string; from: number; to: number }[] = []
  for (const row of group.rows) {
    const last = found.at(-1)
    if (last?.label === row.block) last.to = row.y + row.height
    else found.push({ label: row.block, from: row.y, to: row.y + row.height })
  }
  return found
    .filter((one) => one.label !== '')
    .map((one) => ({ label: one.label, middle: (one.from + one.to) / 2 }))
}

/** `layer1.0` in stage `layer1` is `block 0`; a name that stands alone stays. */
export function blockLabel(block: string, stage: string): string {
  const short = block.startsWith(`${stage}.`) ? block.slice(stage.length + 1) : block
  return /^\d+$/.test(short) ? `block ${short}` : short.replace(/^block(\d+)$/, 'block $1')
}
