import { openBackend, ops, tf, valueAndGradients, type Tensor } from '../../src/engine/backend'
import {
  attachHead,
  createBank,
  backboneOf,
  createGraph,
  cutGraph,
  initialise,
  runGraph,
} from '../../src/engine/network'
import { createOptimizer } from '../../src/engine/optim'
import { RandomStream } from '../../src/engine/random'

/** The demo's network with random weights: EfficientNet-Lite0 cut after stage 6, ten classes, 96 px, batch 20. */
export async function packagedNetwork(batch = 20, size = 96, architecture = 'efficientnet_lite0') {
  await openBackend('wasm')
  const random = new RandomStream(1, 'initialisation')
  const whole = createGraph(architecture)
  const backbone = architecture === 'efficientnet_lite0' ? cutGraph(whole, 'stage6') : backboneOf(whole)
  const { graph, values } = attachHead(backbone, { classes: 10, dropout: 0, std: 0.01, random })
  const bank = createBank(new Map([...initialise(backbone, random), ...values]))
  const names = [...graph.parameters.values()].filter((p) => !p.buffer).map((p) => p.name)
  const images = tf.tensor(
    Float32Array.from({ length: batch * size * size * 3 }, () => 255 * random.uniform()),
    [batch, size, size, 3],
  )
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, i) => i % 10),
    'int32',
  )
  const optimizer = createOptimizer({ name: 'adamw', rate: 1e-4, weightDecay: 1e-4 } as never)

  const forward = (): Tensor =>
    runGraph(graph, images, { parameters: bank, batchNorm: () => 'eval_affine' }).output
  const gradients = () =>
    valueAndGradients(
      () => ({ loss: ops.softmaxCrossEntropy(forward(), labels) }),
      names.map((name) => bank.get(name)),
    )
  const step = (): number => {
    const { loss, gradients: all } = gradients()
    optimizer.apply(bank, new Map(names.map((name, i) => [name, all[i]!])), () => ({
      rate: 1e-4,
      weightDecay: 1e-4,
    }))
    const value = loss.dataSync()[0]!
    tf.dispose([loss, all])
    return value
  }
  return { graph, bank, names, images, labels, forward, gradients, step }
}
