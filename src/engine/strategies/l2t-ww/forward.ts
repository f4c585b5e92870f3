import type { Scalar } from '@tensorflow/tfjs-core'
import { ops, tf, untaped } from '../../backend'
import type { Forward, ForwardContext } from '../types'
import type { Options } from './meta'
import type { Pairs } from './pairs'
import { coefficients, sourceMaps, sourceTensors, transferLosses } from './transfer'

/** L_total = cross-entropy + beta L_wfm, the meta-networks held constant; the teacher's maps are observed. */
export function jointForward(context: ForwardContext, pairs: Pairs, options: Options): Forward {
  const { labels, parameters, teacherHooks, run } = context
  const entropy = (logits: Forward['logits']) => ({
    name: 'cross-entropy',
    value: ops.softmaxCrossEntropy(logits, labels) as Scalar,
  })
  if (options.beta === 0) {
    const { output } = run()
    return { logits: output, losses: [entropy(output)] }
  }
  const observed = untaped(() => sourceTensors(pairs.all, teacherHooks!))
  const maps = sourceMaps(pairs.all, observed)
  const weights = untaped(() => coefficients(parameters, pairs.all, maps, options))
  const { output, hooks } = run({ hooks: pairs.studentLayers })
  const parts = transferLosses(parameters, pairs.all, hooks, maps, weights)
  const value = parts.reduce((sum, part) => tf.add(sum, part))
  return {
    logits: output,
    losses: [entropy(output), { name: 'transfer', value: value as Scalar }],
    observed: { ...observed, parts: untaped(() => tf.stack(parts)) },
  }
}
