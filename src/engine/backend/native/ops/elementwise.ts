// Activations, channel sums and the loss on TensorFlow.
import { tf, type Tensor, type TensorInfo } from '../../tf'
import { call, call1, DataType, float, own, text, type, type Attribute } from './execute'

type Inputs = Record<string, Tensor>
const T = type('T')
const nhwc = text('data_format', 'NHWC')

const gradients: Partial<Record<string, string>> = {
  relu: 'ReluGrad',
  relu6: 'Relu6Grad',
  leakyRelu: 'LeakyReluGrad',
}

/** dy f'(x) in one op; undefined for the functions whose gradient TensorFlow wants to read from their output. */
export const activationGradient = (
  { x, dy }: Inputs,
  { kind, alpha }: { kind: string; alpha: number },
): TensorInfo | undefined => {
  const op = gradients[kind]
  const more: Attribute[] = kind === 'leakyRelu' ? [float('alpha', alpha)] : []
  return op === undefined ? undefined : call1(op, [T, ...more], [dy!, x!])
}

/** Sum over all axes but the last, for tensors of two axes or more. */
export const channelSum = ({ x }: Inputs): TensorInfo | undefined =>
  x!.rank < 2 ? undefined : call1('BiasAddGrad', [T, nhwc], [x!])

/** x + b along the last axis. */
export const channelShift = ({ x, b }: Inputs): TensorInfo | undefined =>
  x!.rank < 2 ? undefined : call1('BiasAdd', [T, nhwc], [x!, b!])

/** Cross-entropy of each row of logits [n, classes] with its label, and softmax minus one-hot. */
export const crossEntropy = ({ logits, labels }: Inputs): Tensor[] =>
  tf.tidy(() => {
    const whole = tf.cast(labels!, 'int32')
    const attributes = [T, type('Tlabels', DataType.int32)]
    return call('SparseSoftmaxCrossEntropyWithLogits', attributes, [logits!, whole], { outputs: 2 }).map(own)
  })
