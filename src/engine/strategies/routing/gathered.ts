import { ops, tf, type Tensor } from '../../backend'
import { runGraph } from '../../network'
import type { NetworkGraph, RunOptions } from '../../network/types'
import { floats } from '../../optim/floats'
import type { Block } from './blocks'
import { mixName } from './graph'
import { frozenName } from './names'

/**
 * Scores [n, classes] of x, where each image runs only the branch that its gates choose: the same as running both and
 * selecting, within rounding.
 * @param graph of `addBranches`
 * @param gates layer that decides
 */
export function runGathered(
  graph: NetworkGraph,
  blocks: readonly Block[],
  gates: string,
  x: Tensor,
  options: RunOptions,
): Tensor {
  const given = new Map<string, Tensor>()
  const run = (more: Partial<RunOptions>) => runGraph(graph, x, { ...options, given, ...more })
  const decided = run({ to: gates }).output
  given.set(gates, decided)
  const values = floats(decided).slice()
  blocks.forEach((block, index) => {
    for (const [name, output] of readFrom(graph, block).map(
      (name) => [name, run({ to: name }).output] as const,
    ))
      given.set(name, output)
    const rows = [0, 1].map((gate) =>
      Array.from({ length: x.shape[0]! }, (_, i) => i).filter(
        (i) => values[i * blocks.length + index] === gate,
      ),
    )
    const parts = rows.flatMap((own, gate) =>
      own.length === 0 ? [] : [runRows(own, gate === 1 ? block.output : frozenName(block.output))],
    )
    // back in the order of the batch
    const order = rows.flat()
    const places = tf.tensor1d(
      order.map((_, i) => order.indexOf(i)),
      'int32',
    )
    given.set(mixName(block.output), ops.gather(ops.concat(parts, 0), places))
  })
  return run({}).output

  function runRows(rows: readonly number[], to: string): Tensor {
    const indices = tf.tensor1d([...rows], 'int32')
    const own = new Map([...given].map(([name, tensor]) => [name, ops.gather(tensor, indices)]))
    return runGraph(graph, x, { ...options, to, given: own }).output
  }
}

/** Layers outside a block that it reads. */
function readFrom(graph: NetworkGraph, { layers }: Block): string[] {
  const own = new Set(layers)
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  return [...new Set(layers.flatMap((layer) => byName.get(layer)!.inputs))].filter((name) => !own.has(name))
}
