import { applySlope, type Elementwise } from '../kernels/activation'
import { logSoftmaxSlope, softmaxSlope } from '../kernels/softmax'
import { tf } from '../tf'
import { derivative } from './register'

const same: Record<string, Elementwise> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Elu: 'elu',
  Exp: 'exp',
  Log: 'log',
  Sqrt: 'sqrt',
  Rsqrt: 'rsqrt',
}
for (const [kernel, kind] of Object.entries(same))
  derivative(kernel, ['x'], (g, [x]) => ({ x: () => applySlope(g, x!, kind) }))
derivative<{ alpha: number }>('LeakyRelu', ['x'], (g, [x], { alpha }) => ({
  x: () => applySlope(g, x!, 'leakyRelu', alpha),
}))
derivative('Softplus', ['x'], (g, [x]) => ({ x: () => tf.mul(g, tf.sigmoid(x!)) }))
derivative('Sin', ['x'], (g, [x]) => ({ x: () => tf.mul(g, tf.cos(x!)) }))
derivative('Cos', ['x'], (g, [x]) => ({ x: () => tf.neg(tf.mul(g, tf.sin(x!))) }))
derivative('Reciprocal', ['x'], (g, [x]) => ({ x: () => tf.neg(tf.div(g, tf.square(x!))) }))
derivative('Abs', ['x'], (g, [x]) => ({ x: () => tf.mul(g, tf.sign(x!)) }))
derivative<{ clipValueMin: number; clipValueMax: number }>('ClipByValue', ['x'], (g, [x], attributes) => ({
  x: () => {
    const { clipValueMin: low, clipValueMax: high } = attributes
    const inside = tf.logicalAnd(tf.greaterEqual(x!, low), tf.lessEqual(x!, high))
    return tf.mul(g, tf.cast(inside, 'float32'))
  },
}))
derivative('Softmax', ['logits'], (g, [x]) => ({ logits: () => softmaxSlope(g, x!) }))
derivative('LogSoftmax', ['logits'], (g, [x]) => ({ logits: () => logSoftmaxSlope(g, x!) }))

// Piecewise constant: the derivative is 0 wherever there is one.
for (const kernel of [
  'Step',
  'Sign',
  'Floor',
  'Ceil',
  'Round',
  'ZerosLike',
  'OnesLike',
  'IsNan',
  'IsFinite',
  'LogicalNot',
  'ArgMax',
  'ArgMin',
])
  derivative(kernel, ['x'], (_, [x]) => ({ x: () => tf.zeros(x!.shape) }))
for (const kernel of [
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'Equal',
  'NotEqual',
  'LogicalAnd',
  'LogicalOr',
])
  derivative(kernel, ['a', 'b'], (_, [a, b]) => ({
    a: () => tf.zeros(a!.shape),
    b: () => tf.zeros(b!.shape),
  }))
derivative('OneHot', ['indices'], (_, [indices]) => ({ indices: () => tf.zeros(indices!.shape) }))
