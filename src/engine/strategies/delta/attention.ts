import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf, valueAndGradients } from '../../backend'
import { runGraph } from '../../network'
import type { NetworkGraph, ParameterSource } from '../../network/types'
import { floats } from '../../optim/floats'
import { cutPoints } from '../../train/frozenPrefix'
import { yieldNow } from '../../train/yieldNow'
import type { Hook } from './hooks'

export interface AttentionBatch {
  x: Tensor
  labels: Tensor
}

interface Place {
  graph: NetworkGraph
  parameters: ParameterSource
  hook: Hook
  /** Output of `from`, or pixels. */
  x: Tensor
  from?: string
  labels: Tensor
}

/** Cross-entropy in evaluation mode, one layer's output changed on the way. */
function lossOf(
  { graph, parameters, hook, x, from, labels }: Place,
  change: (map: Tensor) => Tensor,
): Tensor {
  const transform = (layer: string, output: Tensor) => (layer === hook.layer ? change(output) : output)
  const { output } = runGraph(graph, x, { parameters, from, transform })
  return ops.softmaxCrossEntropy(output, labels)
}

/** The last layer below a hook that all above sees alone: what lies beneath is computed once for all its filters. */
function startOf(graph: NetworkGraph, layer: string): string | undefined {
  const order = new Map(graph.nodes.map((node, i) => [node.name, i]))
  const cut = cutPoints(graph).findLast((name) => order.get(name)! < order.get(layer)!)
  const kind = graph.nodes.find(({ name }) => name === cut)?.op.kind
  return kind === 'input' ? undefined : cut
}

/**
 * How much the loss rises when one filter's kernel is zero, by channel: L(without j) - L, as the paper measures it.
 * Nothing is changed: the channel is replaced by its bias in the layer's output.
 * @returns undefined when `each` says to stop
 */
async function byFilters(place: Place, each: () => boolean): Promise<Float64Array | undefined> {
  const { hook, parameters } = place
  const base = tf.tidy(() => floats(lossOf(place, (map) => map))[0]!)
  const differences = new Float64Array(hook.channels)
  const bias = hook.bias ? floats(parameters.get(hook.bias)).slice() : new Float32Array(hook.channels)
  for (let j = 0; j < hook.channels; j++) {
    const loss = tf.tidy(() => {
      const keep = Float32Array.from({ length: hook.channels }, (_, c) => Number(c !== j))
      const rest = Float32Array.from({ length: hook.channels }, (_, c) => (c === j ? bias[c]! : 0))
      return floats(lossOf(place, (map) => tf.add(tf.mul(map, tf.tensor1d(keep)), tf.tensor1d(rest))))[0]!
    })
    differences[j] = loss - base
    if (j % 8 === 0) await yieldNow()
    if (each()) return undefined
  }
  return differences
}

/** First-order estimate of the same: -sum of dL/dFM times FM (less the bias) over batch and positions. */
function byGradient(place: Place): Float64Array {
  const { hook, parameters } = place
  const slopes = tf.tidy(() => {
    const map = runGraph(place.graph, place.x, { parameters, from: place.from, to: hook.layer }).output
    const shift = tf.zerosLike(map)
    const { gradients } = valueAndGradients(() => lossOf(place, (output) => tf.add(output, shift)), [shift])
    const own = hook.bias ? tf.sub(map, parameters.get(hook.bias)) : map
    return floats(ops.channels.dot(gradients[0]!, own)).slice()
  })
  return Float64Array.from(slopes, (value) => -value)
}

/**
 * Attention of every hooked layer: the mean over batches of how much the loss rises without each channel.
 * @returns undefined when stopped
 */
export async function measureAttention(
  network: { graph: NetworkGraph; parameters: ParameterSource },
  hooks: readonly Hook[],
  batches: AsyncIterable<AttentionBatch>,
  kind: 'filters' | 'gradient',
  progress: (done: number) => boolean,
): Promise<Map<string, Float64Array> | undefined> {
  const sums = new Map(hooks.map(({ layer, channels }) => [layer, new Float64Array(channels)]))
  let [count, done] = [0, 0]
  for await (const { x, labels } of batches) {
    count++
    try {
      for (const hook of hooks) {
        const from = startOf(network.graph, hook.layer)
        const below = from
          ? tf.tidy(() => runGraph(network.graph, x, { parameters: network.parameters, to: from }).output)
          : x
        const place: Place = { ...network, hook, x: below, from, labels }
        try {
          const found =
            kind === 'filters' ? await byFilters(place, () => progress(++done)) : byGradient(place)
          if (!found || (kind === 'gradient' && progress((done += hook.channels)))) return undefined
          found.forEach((value, j) => (sums.get(hook.layer)![j]! += value))
        } finally {
          if (below !== x) below.dispose()
        }
        await yieldNow()
      }
    } finally {
      tf.dispose([x, labels])
    }
  }
  return new Map([...sums].map(([layer, sum]) => [layer, sum.map((value) => value / Math.max(1, count))]))
}
