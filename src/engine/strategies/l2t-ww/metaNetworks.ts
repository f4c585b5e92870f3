import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf } from '../../backend'
import type { ParameterSource } from '../../network/types'
import type { RandomStream } from '../../random'
import type { OwnedParameter } from '../types'
import type { Options } from './meta'
import type { Pair } from './pairs'

/** Optimizer of the meta-networks. */
export const META = 'meta'

type Form = Pick<Options, 'channels' | 'strengths' | 'strengthForm' | 'strengthStart'>

const channelsOf = ({ name }: Pair): string => `channels.${name}`
const strengthOf = ({ name }: Pair): string => `strength.${name}`

/** Names of a pair's meta-networks in the layer table. */
export const metaLayers = (pair: Pair): string[] => [channelsOf(pair), strengthOf(pair)]

/**
 * Parameters of the meta-networks (alinlab/L2T-ww, train_l2t_ww.py): for each pair a linear map to channel weights, 0 at
 * first, and one to a strength, as PyTorch starts linear layers but for the bias.
 */
export function metaParameters(
  pairs: readonly Pair[],
  { channels, strengths, strengthForm, strengthStart }: Form,
  random: (name: string) => RandomStream,
): OwnedParameter[] {
  const linear = (layer: string, from: number, to: number, weight: Float32Array, bias: number) => {
    const made = {
      layer,
      buffer: false,
      pretrained: false,
      owned: { stage: 'meta-networks', kind: 'dense', group: META },
    }
    return [
      {
        info: {
          ...made,
          name: `${layer}.weight`,
          role: 'kernel',
          shape: [from, to],
          origin: '[out,in]',
        },
        initial: weight,
      },
      {
        info: { ...made, name: `${layer}.bias`, role: 'bias', shape: [to], origin: 'as-is' },
        initial: new Float32Array(to).fill(bias),
      },
    ] satisfies OwnedParameter[]
  }
  return pairs.flatMap((pair): OwnedParameter[] => {
    const c = pair.teacher.shape[2]
    const what = channelsOf(pair)
    const where = strengthOf(pair)
    const stream = random(`${where}.weight`)
    const bound = 1 / Math.sqrt(c)
    const weight = Float32Array.from({ length: c }, () => stream.range(-bound, bound))
    const strength =
      strengthForm === 'constant'
        ? linear(where, c, 1, weight, 0).slice(1)
        : linear(where, c, 1, weight, strengthStart)
    return [
      ...(channels === 'learned' ? linear(what, c, c, new Float32Array(c * c), 0) : []),
      ...(strengths === 'learned' ? strength : []),
    ]
  })
}

/** w [n, c], summing to 1 over channels: what of a teacher's map is matched. @param pooled its mean over positions [n, c] */
export function channelWeights(
  parameters: ParameterSource,
  pair: Pair,
  pooled: Tensor,
  { channels }: Pick<Form, 'channels'>,
): Tensor {
  if (channels === 'uniform') return tf.fill(pooled.shape, 1 / pooled.shape[1]!)
  const at = channelsOf(pair)
  return ops.softmax(ops.dense(pooled, parameters.get(`${at}.weight`), parameters.get(`${at}.bias`)))
}

/** lambda [n, 1]: how much a pair counts. */
export function strengths(
  parameters: ParameterSource,
  pair: Pair,
  pooled: Tensor,
  {
    strengths: kind,
    strengthForm,
    strengthStart,
  }: Pick<Form, 'strengths' | 'strengthForm' | 'strengthStart'>,
): Tensor {
  const [n, c] = pooled.shape as [number, number]
  if (kind === 'fixed') return tf.fill([n, 1], strengthStart)
  const at = strengthOf(pair)
  const bias = parameters.get(`${at}.bias`)
  if (strengthForm === 'constant')
    return ops.multiply(tf.ones([n, 1]), tf.softplus(tf.mul(bias, 10)) as Tensor)
  const from = strengthForm === 'relu-avg' ? tf.div(pooled, c) : pooled
  const raw = ops.dense(from, parameters.get(`${at}.weight`), bias)
  return strengthForm === 'relu6' ? ops.relu6(raw) : ops.relu(raw)
}

/** Whether anything is there to be learned. */
export const learnsWeights = ({ channels, strengths: kind }: Form): boolean =>
  channels === 'learned' || kind === 'learned'
