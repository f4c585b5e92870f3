// Batch norm in one op forward and one back, on [n, h, w, c] or [n, c].
import type { Follow } from '../../kernels/batchNorm'
import { tf, type Tensor } from '../../tf'
import {
  adopt,
  call1,
  execute,
  flag,
  float,
  free,
  handle,
  numbers,
  onGpu,
  own,
  text,
  type,
  type Handle,
  type Made,
} from './execute'
import { hasKernels } from './kernels'
import { kernelEval, kernelGradient, kernelTrain } from './normKernels'
import { preferOneDnn } from './oneDnn'

type Inputs = Record<string, Tensor>

export interface NormAttributes {
  epsilon: number
  activation: Follow
}

const attributesOf = (epsilon: number, training: boolean) => [
  type('T'),
  type('U'),
  float('epsilon', epsilon),
  text('data_format', 'NHWC'),
  flag('is_training', training),
]

/** TensorFlow's batch norm takes four axes. */
const four = (x: Tensor): Tensor => (x.rank === 4 ? x : tf.reshape(x, [-1, 1, 1, x.shape[x.rank - 1]!]))

const activate = (y: Tensor, activation: Follow): Tensor =>
  activation === 'linear' ? y : own(call1(activation === 'relu' ? 'Relu' : 'Relu6', [type('T')], [y]))

/** dy where the activation let its input through: above zero, and for relu6 below six, seen from its output y. */
const unmask = (dy: Tensor, y: Tensor, activation: Follow): Tensor =>
  activation === 'linear'
    ? dy
    : own(call1(activation === 'relu' ? 'ReluGrad' : 'Relu6Grad', [type('T')], [dy, y]))

function forward(
  { x, gamma, beta }: Inputs,
  statistics: readonly Handle[],
  { epsilon, activation }: NormAttributes,
  training: boolean,
): { y: Tensor; rest: Made[] } {
  const attributes = [...attributesOf(epsilon, training), float('exponential_avg_factor', 1)]
  const inputs = [...[four(x!), gamma!, beta!].map(handle), ...statistics]
  const [y, ...rest] = execute('FusedBatchNormV3', attributes, inputs, 6)
  return { y: like(x!, activate(own(adopt(y!)), activation)), rest }
}

/** y, the batch's mean and biased variance, and the three tensors that the gradient wants to see again. */
export const batchNormTrain = (inputs: Inputs, attributes: NormAttributes): Tensor[] =>
  tf.tidy(() => {
    if (hasKernels()) return kernelTrain(inputs, attributes)
    const empty = numbers([])
    const { y, rest } = forward(inputs, [empty, empty], attributes, true)
    free(empty)
    const [mean, corrected, ...reserves] = rest.map((one) => own(adopt(one)))
    const { x, gamma } = inputs
    const count = x!.size / gamma!.size
    // on the processor the second reserve is the biased variance, on a GPU its inverse root
    const variance = onGpu() ? tf.mul(corrected!, (count - 1) / count) : tf.clone(reserves[1]!)
    return [y, mean!, variance, ...reserves]
  })

export const batchNormEval = (inputs: Inputs, attributes: NormAttributes): Tensor =>
  tf.tidy(() => {
    const { mean, variance } = inputs
    if (hasKernels()) return kernelEval(inputs, attributes)
    const { y, rest } = forward(inputs, [handle(mean!), handle(variance!)], attributes, false)
    free(...rest.map(({ id }) => id))
    return y
  })

export interface GradientAttributes extends NormAttributes {
  training: boolean
  /** Whether the gradient by x is wanted. */
  input?: boolean
}

/**
 * Gradients by x, gamma and beta of either mode. `a` and `b`: the first two reserves of the training forward, or
 * the running mean and variance.
 */
export const batchNormGradient = (inputs: Inputs, attributes: GradientAttributes): Tensor[] =>
  tf.tidy(() => {
    if (hasKernels()) return kernelGradient(inputs, attributes)
    const { x, y, gamma, dy, a, b, reserve } = inputs
    const { epsilon, activation, training } = attributes
    const masked = unmask(four(dy!), four(y!), activation)
    const [op, all] = preferOneDnn('FusedBatchNormGradV3', attributesOf(epsilon, training))
    const third = reserve ? handle(reserve) : numbers([])
    const operands = [...[masked, four(x!), gamma!, a!, b!].map(handle), third]
    const made = execute(op, all, operands, 5)
    free(...made.slice(3).map(({ id }) => id), ...(reserve ? [] : [third]))
    const [dx, dGamma, dBeta] = made.slice(0, 3).map((one) => own(adopt(one)))
    return [like(x!, dx!), dGamma!, dBeta!]
  })

/** Gradient by x alone on running statistics, where nothing else of the layer trains: dy times the layer's scale. */
export const frozenNormGradient = (inputs: Inputs, attributes: NormAttributes): Tensor =>
  tf.tidy(() => {
    const { y, gamma, dy, mean, variance } = inputs
    if (hasKernels()) {
      const how = { ...attributes, training: false }
      return kernelGradient({ ...inputs, a: mean!, b: variance! }, how, false)[0]!
    }
    const { epsilon, activation } = attributes
    return tf.mul(unmask(dy!, y!, activation), tf.mul(gamma!, tf.rsqrt(tf.add(variance!, epsilon))))
  })

const like = (x: Tensor, y: Tensor): Tensor => (x.rank === 4 ? y : tf.reshape(y, x.shape))
