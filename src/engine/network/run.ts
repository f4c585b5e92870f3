import type { Tensor } from '@tensorflow/tfjs-core'
import { UserError } from '../../spec/types'
import { tf } from '../backend'
import { computeLayer, type Follow } from './compute'
import { computeFolded, findFoldable } from './fold'
import type { LayerNode, NetworkGraph, RunOptions, RunResult } from './types'

/** The layers between what is known and every wanted output, in order. */
function planRun(
  graph: NetworkGraph,
  { from, given }: Pick<RunOptions, 'from' | 'given'>,
  wanted: readonly string[],
): LayerNode[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const needed = new Set<string>()
  const pending = [...wanted]
  while (pending.length > 0) {
    const name = pending.pop()!
    if (name === from || given?.has(name) || needed.has(name)) continue
    const node = byName.get(name)
    if (!node) throw new Error(`no layer '${name}' in ${graph.architecture}`)
    if (node.op.kind === 'input' && from !== undefined) {
      throw new UserError(`'${wanted[0]}' cannot be computed from the output of '${from}' alone`)
    }
    needed.add(name)
    pending.push(...node.inputs)
  }
  return graph.nodes.filter((node) => needed.has(node.name))
}

/** True while tfjs records a gradient tape: then it needs the intermediate outputs. */
function isRecording(): boolean {
  return (tf.engine() as unknown as { state: { gradientDepth: number } }).state.gradientDepth > 0
}

/**
 * Runs a network or a part of it. Intermediate outputs are freed after their last use unless a gradient is being
 * recorded. The caller owns the output and the hooked tensors.
 *
 * @param x pixels 0 to 255 as [n, height, width, channels], or the output of `options.from`
 * @throws UserError when `to` or a hook needs more than `from` gives
 */
export function runGraph(graph: NetworkGraph, x: Tensor, options: RunOptions): RunResult {
  const to = options.to ?? graph.output
  const wanted = [to, ...(options.hooks ?? [])]
  const plan = planRun(graph, options, wanted)
  const free = !isRecording()
  const uses = new Map<string, number>()
  for (const node of plan) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1)
  for (const name of wanted) uses.set(name, Infinity)
  const fused = options.transform ? new Map<string, Follow>() : findFused(plan, uses)

  // a folded convolution hands its input on, and its batch norm computes both
  const folds = free ? findFoldable(plan, uses, options) : new Map<string, LayerNode>()
  const waiting = new Set([...folds.values()].map(({ name }) => name))

  const outputs = new Map<string, Tensor>(options.given)
  const kept = new Set([x, ...(options.given?.values() ?? [])])
  if (options.from !== undefined) outputs.set(options.from, x)
  for (const node of plan) {
    const inputs = node.inputs.map((name) => outputs.get(name)!)
    const compute = (): Tensor => {
      if (node.op.kind === 'activation' && fused.has(node.inputs[0]!)) return inputs[0]!
      if (waiting.has(node.name)) return inputs[0]!
      const convolution = folds.get(node.name)
      if (convolution) return normed(convolution, node, inputs[0]!, options, fused.get(node.name))
      const y = node.op.kind === 'input' ? x : computeLayer(node, inputs, options, fused.get(node.name))
      return options.transform ? options.transform(node.name, y) : y
    }
    outputs.set(node.name, free ? tf.tidy(compute) : compute())
    if (free) release(node, outputs, uses, kept)
  }
  return {
    output: own(outputs.get(to)!, kept),
    hooks: new Map((options.hooks ?? []).map((name) => [name, own(outputs.get(name)!, kept)])),
  }
}

function normed(
  convolution: LayerNode,
  norm: LayerNode,
  x: Tensor,
  options: RunOptions,
  follow: Follow | undefined,
): Tensor {
  return (
    computeFolded(convolution, norm, x, options, follow) ??
    computeLayer(norm, [computeLayer(convolution, [x], options)], options, follow)
  )
}

/** Batch norms whose output only a ReLU reads, with that ReLU: one pass over the activations instead of two. */
function findFused(plan: readonly LayerNode[], uses: ReadonlyMap<string, number>): Map<string, Follow> {
  const kinds = new Map(plan.map((node) => [node.name, node.op.kind]))
  const fused = new Map<string, Follow>()
  for (const { op, inputs } of plan) {
    if (op.kind !== 'activation' || (op.activation !== 'relu' && op.activation !== 'relu6')) continue
    const before = inputs[0]!
    if (kinds.get(before) === 'batchNorm' && uses.get(before) === 1) fused.set(before, op.activation)
  }
  return fused
}

/** Frees the inputs that nothing reads any more. */
function release(
  node: LayerNode,
  outputs: Map<string, Tensor>,
  uses: Map<string, number>,
  kept: ReadonlySet<Tensor>,
): void {
  for (const name of node.inputs) {
    const left = uses.get(name)! - 1
    uses.set(name, left)
    if (left > 0) continue
    const tensor = outputs.get(name)!
    outputs.delete(name)
    const shared = kept.has(tensor) || [...outputs.values()].includes(tensor)
    if (!shared) tensor.dispose()
  }
}

/** A fed tensor stays its owner's when it is itself asked for. */
function own(tensor: Tensor, kept: ReadonlySet<Tensor>): Tensor {
  return kept.has(tensor) ? tf.clone(tensor) : tensor
}
