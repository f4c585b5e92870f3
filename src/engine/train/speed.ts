import { ops, tf, valueAndGradients } from '../backend'
import { runGraph } from '../network'
import type { RunCost } from './cost'
import type { TrainingSession } from './session'

/** Images of a trial: few, so that a phase that trains little of a large network is not asked for more than it needs. */
const IMAGES = 8

/** Of one image, from a full forward and backward pass of the network on this machine; the second of two. */
export function secondsPerMultiplyAdd(
  { graph, bank, setup, spec }: TrainingSession,
  { full }: RunCost,
): number {
  const images = Math.min(IMAGES, spec.train.batchSize)
  const { size, context } = setup
  const inputs = [...graph.parameters.values()]
    .filter(({ buffer, owned }) => !buffer && !owned)
    .map(({ name }) => bank.get(name))
  const x = tf.zeros([images, size, size, graph.inputShape[2]])
  const labels = tf.tensor1d(
    Array.from({ length: images }, (_, i) => i % context.classes),
    'int32',
  )
  let seconds = 0
  for (let i = 0; i < 2; i++) {
    const began = performance.now()
    const { loss, gradients } = valueAndGradients(
      () =>
        ops.softmaxCrossEntropy(
          runGraph(graph, x, { parameters: bank, batchNorm: () => 'eval_affine' }).output,
          labels,
        ),
      inputs,
    )
    // a device is only done when something is read
    loss.dataSync()
    gradients.at(-1)?.dataSync()
    tf.dispose([loss, gradients])
    seconds = (performance.now() - began) / 1000
  }
  tf.dispose([x, labels])
  return seconds / (images * full)
}
