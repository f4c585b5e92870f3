import { openBackend, ops, tf, valueAndGradients, type Tensor } from '../../src/engine/backend'
import type { BackendName } from '../../src/engine/backend'
import {
  attachHead,
  backboneOf,
  createBank,
  createGraph,
  initialise,
  runGraph,
} from '../../src/engine/network'
import type { ParameterBank } from '../../src/engine/network'
import { createOptimizer, globalNorm } from '../../src/engine/optim'
import { RandomStream } from '../../src/engine/random'
import { applyStatistics } from '../../src/engine/train/runningStatistics'

/** Layer before the last stage, whose modules networks.py names. */
const beforeLast: Record<string, string> = {
  resnet18: 'layer3.1.relu',
  resnet50: 'layer3.5.relu',
  mobilenet_v2: 'features.16.add',
  efficientnet_lite0: '_blocks.14.add',
}
const group = { rate: 1e-3, weightDecay: 1e-4 }

/** What one side of the benchmark can be asked for; each is one measured run. */
export async function networkBenches(
  backend: BackendName,
  architecture: string,
  batch: number,
  size: number,
) {
  await openBackend(backend)
  const random = new RandomStream(1, 'initialisation')
  const backbone = backboneOf(createGraph(architecture))
  const { graph, values } = attachHead(backbone, { classes: 10, dropout: 0, std: 0.01, random })
  const bank = createBank(new Map([...initialise(backbone, random), ...values]))
  const images = () =>
    tf.tensor(
      Float32Array.from({ length: batch * size * size * 3 }, () => 255 * random.uniform()),
      [batch, size, size, 3],
    )
  const x = images()
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, i) => i % 10),
    'int32',
  )
  const cut = beforeLast[architecture]!
  const layers = graph.nodes.map(({ name }) => name)
  const lastLayers = new Set(layers.slice(layers.indexOf(cut) + 1))
  const parameters = [...graph.parameters.values()].filter(({ buffer }) => !buffer)
  const all = parameters.map(({ name }) => name)
  const last = parameters.filter(({ layer }) => lastLayers.has(layer)).map(({ name }) => name)
  const head = all.slice(-2)
  const step = trainer(graph, bank, labels)
  const to = (layer: string, from: Tensor) =>
    tf.tidy(() => runGraph(graph, from, { parameters: bank, to: layer }).output)
  const features = layers.at(-2)!
  const cached = to(cut, x)
  return {
    forward: () => tf.tidy(() => void runGraph(graph, x, { parameters: bank }).output.dataSync()),
    step: () => step(all, x),
    last: () => {
      const prefix = to(cut, x)
      step(last, prefix, cut)
      prefix.dispose()
    },
    'last-cached': () => step(last, cached, cut),
    /** Two batches, five epochs, features computed once. */
    probe: () => {
      const known = [x, x].map((batchOf) => to(features, batchOf))
      for (let epoch = 0; epoch < 5; epoch++) for (const f of known) step(head, f, features)
      tf.dispose(known)
    },
  }
}

/** One step of SGD with momentum: batch norm on the batch's statistics, all gradients looked at, the loss read. */
function trainer(graph: ReturnType<typeof createGraph>, bank: ParameterBank, labels: Tensor) {
  const optimizer = createOptimizer({ name: 'sgd', momentum: 0.9, nesterov: false } as never)
  return (names: readonly string[], x: Tensor, from?: string): number => {
    const statistics: Parameters<typeof applyStatistics>[1][number][] = []
    const onStatistics = (layer: string, batch: (typeof statistics)[number]['batch']) => {
      const { mean, variance } = graph.nodes.find(({ name }) => name === layer)!.parameters
      statistics.push({ mean: mean!, variance: variance!, momentum: 0.1, batch })
    }
    const { loss, gradients } = valueAndGradients(
      () => {
        const options = { parameters: bank, batchNorm: () => 'train' as const, onStatistics, from }
        return { loss: ops.softmaxCrossEntropy(runGraph(graph, x, options).output, labels) }
      },
      names.map((name) => bank.get(name)),
    )
    const named = new Map(names.map((name, i) => [name, gradients[i]!]))
    if (!Number.isFinite(globalNorm(named))) throw new Error('a gradient is not finite')
    optimizer.apply(bank, named, () => group)
    applyStatistics(bank, statistics)
    const value = loss.dataSync()[0]!
    tf.dispose([loss, ...gradients, ...statistics.flatMap(({ batch }) => [batch.mean, batch.variance])])
    return value
  }
}
