import type { NetworkGraph } from '../network/types'
import type { ActivePhase } from './plan'

/** Layers whose output is all that the layers after them see of what came before. */
export function cutPoints(graph: NetworkGraph): string[] {
  const position = new Map(graph.nodes.map((node, i) => [node.name, i]))
  const lastUse = graph.nodes.map((_, i) => i)
  graph.nodes.forEach((node, i) => {
    for (const input of node.inputs) lastUse[position.get(input)!] = i
  })
  const cuts: string[] = []
  let reach = 0
  graph.nodes.forEach((node, i) => {
    if (reach <= i) cuts.push(node.name)
    reach = Math.max(reach, lastUse[i]!)
  })
  return cuts
}

/**
 * Last layer of the longest prefix that a phase can neither change nor make depend on the rest of the batch or on
 * chance, so that it runs without a tape and its output per image can be kept. Undefined when there is none worth it.
 */
export function frozenPrefix(graph: NetworkGraph, active: ActivePhase): string | undefined {
  // a phase with a forward pass of its own starts from pixels
  if (active.planned.phase.forward) return undefined
  const hooks = new Set(active.planned.phase.hooks)
  const free = graph.nodes.findIndex(
    (node) =>
      Object.values(node.parameters).some((name) => active.trainedNames.has(name)) ||
      (node.op.kind === 'batchNorm' && ['train', 'train_nostats'].includes(active.mode(node.name))) ||
      (node.op.kind === 'dropout' && node.op.rate > 0) ||
      hooks.has(node.name),
  )
  const frozen = new Set((free < 0 ? graph.nodes : graph.nodes.slice(0, free)).map((node) => node.name))
  const last = cutPoints(graph).findLast((name) => frozen.has(name))
  const node = graph.nodes.find((candidate) => candidate.name === last)
  return node && node.op.kind !== 'input' && node.op.kind !== 'normalize' ? node.name : undefined
}
