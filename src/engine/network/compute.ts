import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf } from '../backend'
import { decideHard, mixBranches, padChannels, recurrentCell } from './gating'
import type { RandomStream } from '../random'
import type { Activation, LayerNode, Role, RunOptions } from './types'

/** An activation that can be computed together with the batch norm before it. */
export type Follow = 'linear' | 'relu' | 'relu6'

const value = (node: LayerNode, role: Role, options: RunOptions): Tensor =>
  options.parameters.get(node.parameters[role]!)

/**
 * The output of one layer from its inputs' outputs.
 * @param follow for a batch norm: the activation after it, when nothing else reads the batch norm's own output
 */
export function computeLayer(
  node: LayerNode,
  inputs: readonly Tensor[],
  options: RunOptions,
  follow: Follow = 'linear',
): Tensor {
  const op = node.op
  const x = inputs[0]!
  const kernel = (): Tensor => value(node, 'kernel', options)
  const bias = (): Tensor | undefined => (node.parameters.bias ? value(node, 'bias', options) : undefined)
  switch (op.kind) {
    case 'input':
      return x
    case 'normalize':
      return normalize(x, op.mean, op.std)
    case 'conv2d':
      return ops.conv2d(x, kernel(), op, bias())
    case 'depthwiseConv2d':
      return ops.depthwiseConv2d(x, kernel(), op, bias())
    case 'dense':
      return ops.dense(x, kernel(), bias())
    case 'batchNorm':
      return batchNorm(node, x, op.epsilon, options, follow)
    case 'activation':
      return activate(op.activation, x, op.alpha)
    case 'maxPool':
      return ops.maxPool(x, op)
    case 'avgPool':
      return ops.avgPool(x, op)
    case 'globalAveragePool':
      return ops.globalAveragePool(x)
    case 'zeroPad':
      return ops.zeroPad(x, op.padding)
    case 'add':
      return inputs.slice(1).reduce((sum, y) => ops.add(sum, y), x)
    case 'multiply':
      return inputs.slice(1).reduce((product, y) => ops.multiply(product, y), x)
    case 'concat':
      return ops.concat([...inputs])
    case 'flatten':
      return ops.flatten(x)
    case 'reshape':
      return ops.reshape(x, [x.shape[0]!, ...op.shape])
    case 'padChannels':
      return padChannels(x, op.channels)
    case 'resize':
      return op.pixels
        ? tf.image.resizeBilinear(x as never, [...op.size], false, true)
        : ops.resizeBilinear(x, op.size)
    case 'recurrentCell':
      return recurrentCell(op, inputs, {
        kernel: kernel(),
        recurrentKernel: value(node, 'recurrentKernel', options),
        bias: value(node, 'bias', options),
        recurrentBias: value(node, 'recurrentBias', options),
      })
    case 'hidden':
      return tf.slice(x, [0, 0], [x.shape[0]!, op.units])
    case 'decide':
      return options.decide?.(node.name, x) ?? decideHard(x, op.form)
    case 'mix':
      return mixBranches(x, inputs[1]!, inputs[2]!, op.gate)
    case 'dropout':
      return options.dropout ? dropout(x, op.rate, options.dropout) : x
  }
}

/** (x - mean) / std by channel, as rows of whole image lines: back ends are slow to repeat three values. */
function normalize(x: Tensor, mean: readonly number[], std: readonly number[]): Tensor {
  const [, height, width, channels] = x.shape as [number, number, number, number]
  const lines = tf.reshape(x, [-1, width * channels])
  const repeated = (values: readonly number[]): Tensor =>
    tf.tensor1d(Float32Array.from({ length: width * channels }, (_, i) => values[i % channels]!))
  return tf.reshape(tf.div(tf.sub(lines, repeated(mean)), repeated(std)), [-1, height, width, channels])
}

function batchNorm(node: LayerNode, x: Tensor, epsilon: number, options: RunOptions, follow: Follow): Tensor {
  const mode = options.batchNorm?.(node.name) ?? 'frozen'
  const channels = x.shape.at(-1)!
  // a layer imported without scale or centre has constants there, which nothing trains
  const gamma = node.parameters.gamma ? value(node, 'gamma', options) : tf.ones([channels])
  const beta = node.parameters.beta ? value(node, 'beta', options) : tf.zeros([channels])
  const affine = { gamma, beta, epsilon }
  if (mode === 'frozen' || mode === 'eval_affine') {
    const running = { mean: value(node, 'mean', options), variance: value(node, 'variance', options) }
    return ops.batchNormEval(x, { ...affine, ...running }, follow)
  }
  const { output, mean, variance, count } = ops.batchNormTrain(x, affine, follow)
  if (mode === 'train' && options.onStatistics) {
    // copies of their own: the tape's tensors are released with it
    const keep = (tensor: Tensor): Tensor => tf.keep(tf.clone(tensor))
    options.onStatistics(node.name, { mean: keep(mean), variance: keep(variance), count })
  }
  return output
}

function activate(kind: Activation, x: Tensor, alpha = 0.3): Tensor {
  switch (kind) {
    case 'linear':
      return x
    case 'leakyRelu':
      return ops.leakyRelu(x, alpha)
    default:
      return ops[kind](x)
  }
}

/** Inverted dropout: kept values are scaled by 1 / (1 - rate), so that nothing changes when it is off. */
function dropout(x: Tensor, rate: number, random: RandomStream): Tensor {
  const scale = 1 / (1 - rate)
  const mask = Float32Array.from({ length: x.size }, () => (random.uniform() < rate ? 0 : scale))
  return ops.multiply(x, tf.tensor(mask, x.shape))
}
