import { tf, type Tensor } from '../tf'
import { defineKernel, definePlainKernel } from './define'
import * as native from '../native/ops'
import * as wasm from '../wasm/forms'

// Ops over the last axis (channels) of a tensor of any rank. Each one's gradient is made of the others.

const rows = (x: Tensor) => tf.reshape(x, [-1, x.shape[x.rank - 1]!])

/** Sum over all axes but the last: [c]. */
export const channelSum: (inputs: { x: Tensor }, attributes: { xShape: readonly number[] }) => Tensor =
  defineKernel<{ xShape: readonly number[] }>({
    name: 'ThawChannelSum',
    wasm: wasm.channelSum,
    native: native.channelSum,
    generic: ({ x }) => tf.sum(rows(x!), 0),
    gradient: (g, _, { xShape }) => ({ x: () => channelBroadcast({ v: g }, { shape: xShape }) }),
  }) as never

/** v [c] repeated to `shape` [..., c]. */
export const channelBroadcast: (inputs: { v: Tensor }, attributes: { shape: readonly number[] }) => Tensor =
  defineKernel<{ shape: readonly number[] }>({
    name: 'ThawChannelBroadcast',
    generic: ({ v }, { shape }) => tf.add(tf.zeros([...shape]), v!),
    gradient: (g, _, { shape }) => ({ v: () => channelSum({ x: g }, { xShape: shape }) }),
  }) as never

/** Sum of a b over all axes but the last: [c]. */
export const channelDot: (inputs: { a: Tensor; b: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawChannelDot',
  wasm: wasm.channelDot,
  save: ['a', 'b'],
  generic: ({ a, b }) => tf.sum(rows(tf.mul(a!, b!)), 0),
  gradient: (g, [a, b]) => ({
    a: () => channelScale({ x: b!, s: g }),
    b: () => channelScale({ x: a!, s: g }),
  }),
})

/** x s with s [c]. */
export const channelScale: (inputs: { x: Tensor; s: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawChannelScale',
  save: ['x', 's'],
  generic: ({ x, s }) => tf.mul(x!, s!),
  gradient: (g, [x, s]) => ({
    x: () => channelScale({ x: g, s: s! }),
    s: () => channelDot({ a: g, b: x! }),
  }),
})

/** x + b with b [c]. */
export const channelShift: (inputs: { x: Tensor; b: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawChannelShift',
  native: native.channelShift,
  generic: ({ x, b }) => tf.add(x!, b!),
  gradient: (g) => ({ x: () => g.clone(), b: () => channelSum({ x: g }, { xShape: g.shape }) }),
})
