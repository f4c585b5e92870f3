import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf } from '../../backend'
import type { ParameterSource } from '../../network/types'
import { regress } from '../matching/regressor'
import { channelWeights, strengths } from './metaNetworks'
import type { Options } from './meta'
import type { Pair } from './pairs'

export const regressorOf = ({ name }: Pair): string => `regressor.${name}`

/** What the transfer loss of a batch reads of the teacher; constants. */
export interface SourceMaps {
  /** By pair: the map at the student's size [n, h, w, c]. */
  maps: ReadonlyMap<string, Tensor>
  /** By pair: mean over positions of the map as it is [n, c]. */
  pooled: ReadonlyMap<string, Tensor>
}

const mapName = ({ teacher, student: { shape } }: Pair): string =>
  `map/${teacher.layer}/${shape[0]}x${shape[1]}`
const pooledName = ({ teacher }: Pair): string => `pooled/${teacher.layer}`

/** Resizes and pools the teacher's outputs, each once for all its pairs; keys for `Forward.observed`. */
export function sourceTensors(
  pairs: readonly Pair[],
  outputs: ReadonlyMap<string, Tensor>,
): Record<string, Tensor> {
  const made: Record<string, Tensor> = {}
  for (const pair of pairs) {
    const map = outputs.get(pair.teacher.layer)!
    const [h, w] = pair.student.shape
    made[mapName(pair)] ??= tf.clone(ops.resizeBilinear(map, [h, w]))
    made[pooledName(pair)] ??= ops.globalAveragePool(map)
  }
  return made
}

export const sourceMaps = (
  pairs: readonly Pair[],
  tensors: Readonly<Record<string, Tensor>>,
): SourceMaps => ({
  maps: new Map(pairs.map((pair) => [pair.name, tensors[mapName(pair)]!])),
  pooled: new Map(pairs.map((pair) => [pair.name, tensors[pooledName(pair)]!])),
})

/** beta lambda w [n, c] by pair: how much each channel's error counts. */
export function coefficients(
  parameters: ParameterSource,
  pairs: readonly Pair[],
  { pooled }: SourceMaps,
  options: Options,
): Tensor[] {
  return pairs.map((pair) => {
    const from = pooled.get(pair.name)!
    const [what, where] = [
      channelWeights(parameters, pair, from, options),
      strengths(parameters, pair, from, options),
    ]
    return tf.mul(ops.multiply(what, where), options.beta)
  })
}

/**
 * beta lambda L_wfm by pair (strategies.md 4.2): over images the mean of sum_c k_c / (HW) sum_ij (r(T) - S)^2.
 * @param hooks the student's maps [n, h, w, c] by layer
 * @param weights `coefficients`
 */
export function transferLosses(
  parameters: ParameterSource,
  pairs: readonly Pair[],
  hooks: ReadonlyMap<string, Tensor>,
  { maps }: SourceMaps,
  weights: readonly Tensor[],
): Tensor[] {
  return pairs.map((pair, i): Tensor => {
    const own = regress(parameters, regressorOf(pair), hooks.get(pair.student.layer)!)
    const errors = ops.mapDistance(own, maps.get(pair.name)!)
    return tf.div(ops.sum(ops.multiply(errors, weights[i]!)), own.shape[0]!)
  })
}

/** Their sum. */
export const transferLoss = (...of: Parameters<typeof transferLosses>): Tensor =>
  transferLosses(...of).reduce((sum, part) => tf.add(sum, part))
