import type { Tensor } from '@tensorflow/tfjs-core'
import type { DeltaPicture, FeatureDistances } from '../../../events/pictures/delta'
import { ops, tf } from '../../backend'
import { runGraph } from '../../network'
import type { ParameterSource } from '../../network/types'
import { evenRanks } from '../../ranks'
import type { RuntimeContext } from '../types'
import type { Hook } from './hooks'
import type { Options } from './meta'
import { perplexity } from './weights'

/** Bars or points that a picture shows of a layer at most. */
const SHOWN = 64

const short = (value: number): number => Number(value.toPrecision(4))

export function attentionPicture(
  hooks: readonly Hook[],
  weights: ReadonlyMap<string, readonly number[]>,
  measured: ReadonlyMap<string, Float32Array>,
  { alpha, attention, recipe }: Options,
): DeltaPicture {
  const layers = hooks.map(({ layer, stage, channels }) => {
    const own = weights.get(layer)!
    const differences = measured.get(layer)
    return {
      layer,
      stage,
      channels,
      bars: evenRanks(
        own.map((w) => w * channels).sort((a, b) => b - a),
        SHOWN,
      ).map(short),
      perplexity: perplexity(own),
      negative: differences ? differences.filter((value) => value < 0).length / channels : 0,
    }
  })
  return { v: 1, alpha, attention, recipe, layers }
}

/** Squares of FM(w) - FM(w0) by channel, the mean over images [n, h, w, 3] and positions, both networks in evaluation mode. */
export async function distancePicture(
  { graph, bank, w0 }: Pick<RuntimeContext, 'graph' | 'bank' | 'w0'>,
  hooks: readonly Hook[],
  weights: ReadonlyMap<string, readonly number[]>,
  x: Tensor,
): Promise<FeatureDistances> {
  const names = hooks.map(({ layer }) => layer)
  const to = graph.nodes.findLast(({ name }) => names.includes(name))!.name
  const maps = (parameters: ParameterSource) => runGraph(graph, x, { parameters, to, hooks: names }).hooks
  const squares = tf.tidy(() => {
    const [own, source] = [maps(bank), maps(w0)]
    return names.map((name) => {
      const difference = tf.sub(own.get(name)!, source.get(name)!)
      const [n, h, w] = difference.shape as [number, number, number]
      return tf.div(ops.channels.dot(difference, difference), n * h * w)
    })
  })
  const values = await Promise.all(squares.map((one) => one.data<'float32'>()))
  tf.dispose(squares)
  const layers = hooks.map(({ layer, stage, channels }, i) => {
    const distances = [...values[i]!]
    const points = weights
      .get(layer)!
      .map((weight, j): [number, number] => [weight * channels, distances[j]!])
      .sort((a, b) => b[0] - a[0])
    return {
      layer,
      stage,
      mean: short(distances.reduce((a, b) => a + b, 0) / channels),
      points: evenRanks(points, SHOWN).map(([attention, distance]): [number, number] => [
        short(attention),
        short(distance),
      ]),
    }
  })
  return { v: 1, layers }
}
