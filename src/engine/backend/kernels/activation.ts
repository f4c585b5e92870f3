import { untaped } from '../gradients'
import { differentiable } from '../mode'
import { tf, type Tensor } from '../tf'
import { defineKernel } from './define'
import * as native from '../native/ops'
import * as wasm from '../wasm/forms'

/** Elementwise functions whose backward reads x; `alpha` is leakyRelu's slope below zero. */
export type Elementwise =
  'relu' | 'relu6' | 'sigmoid' | 'tanh' | 'swish' | 'elu' | 'leakyRelu' | 'exp' | 'log' | 'sqrt' | 'rsqrt'

interface Attributes {
  kind: Elementwise
  alpha: number
}

const forward: Record<Elementwise, (x: Tensor, alpha: number) => Tensor> = {
  relu: (x) => tf.relu(x),
  relu6: (x) => tf.relu6(x),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  elu: (x) => tf.elu(x),
  leakyRelu: (x, alpha) => tf.leakyRelu(x, alpha),
  exp: (x) => tf.exp(x),
  log: (x) => tf.log(x),
  sqrt: (x) => tf.sqrt(x),
  rsqrt: (x) => tf.rsqrt(x),
}

const apply = defineKernel<Attributes>({
  name: 'ThawElementwise',
  wasm: wasm.activation,
  save: ['x'],
  generic: ({ x }, { kind, alpha }) => forward[kind](x!, alpha),
  gradient: (dy, [x], { kind, alpha }) => ({ x: () => applySlope(dy, x!, kind, alpha) }),
})

/** Whose slope is constant on either side of a kink: what decides between the sides has no derivative. */
const steps: readonly Elementwise[] = ['relu', 'relu6', 'leakyRelu']

/** dy f'(x): one fused pass, or ops that can be differentiated again. */
export function applySlope(dy: Tensor, x: Tensor, kind: Elementwise, alpha = 0): Tensor {
  if (!differentiable()) return applyGradient({ x, dy }, { kind, alpha })
  if (!steps.includes(kind)) return tf.mul(dy, slopes[kind](x, alpha))
  // as a constant, so that no gradient of zeros is computed for it
  const constant = untaped(() => tf.clone(x))
  return applyGradient({ x: constant, dy }, { kind, alpha })
}

/** dy f'(x) in one pass, linear in dy. Has no gradient by x: only slopes made of steps are differentiated through it. */
const applyGradient = defineKernel<Attributes>({
  name: 'ThawElementwiseGradient',
  wasm: wasm.activationGradient,
  native: native.activationGradient,
  save: ['x'],
  generic: ({ x, dy }, { kind, alpha }) => tf.mul(dy!, slopes[kind](x!, alpha)),
  gradient: (g, [x], { kind, alpha }) => ({ dy: () => applySlope(g, x!, kind, alpha) }),
})

const elementwise =
  (kind: Elementwise) =>
  (x: Tensor): Tensor =>
    apply({ x }, { kind, alpha: 0 })

export const relu = elementwise('relu')
export const relu6 = elementwise('relu6')
export const sigmoid = elementwise('sigmoid')
export const tanh = elementwise('tanh')
/** x sigmoid(x). */
export const swish = elementwise('swish')
/** x above 0, e^x - 1 below. */
export const elu = elementwise('elu')
export const exp = elementwise('exp')
export const log = elementwise('log')
export const sqrt = elementwise('sqrt')
export const rsqrt = elementwise('rsqrt')
export const leakyRelu = (x: Tensor, alpha = 0.2): Tensor => apply({ x }, { kind: 'leakyRelu', alpha })

/** 1 where x > 0, else 0; constant, since its derivative is 0 wherever it has one. */
const above = (x: Tensor) => tf.step(x)

/** f'(x), made of ops whose own derivatives are right. At kinks: 0, as in PyTorch. */
const slopes: Record<Elementwise, (x: Tensor, alpha: number) => Tensor> = {
  relu: (x) => above(x),
  relu6: (x) => tf.mul(above(x), above(tf.sub(6, x))),
  sigmoid: (x) => {
    const s = sigmoid(x)
    return tf.mul(s, tf.sub(1, s))
  },
  tanh: (x) => tf.sub(1, tf.square(tanh(x))),
  swish: (x) => {
    const s = sigmoid(x)
    return tf.add(s, tf.mul(x, tf.mul(s, tf.sub(1, s))))
  },
  elu: (x) => tf.add(above(x), tf.mul(tf.sub(1, above(x)), exp(tf.sub(0, relu(tf.neg(x)))))),
  leakyRelu: (x, alpha) => tf.add(alpha, tf.mul(1 - alpha, above(x))),
  exp: (x) => exp(x),
  log: (x) => tf.div(1, x),
  sqrt: (x) => tf.mul(0.5, rsqrt(x)),
  rsqrt: (x) => {
    const r = rsqrt(x)
    return tf.mul(-0.5, tf.mul(r, tf.square(r)))
  },
}
