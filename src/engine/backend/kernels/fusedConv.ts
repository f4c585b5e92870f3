import * as native from '../native/ops'
import type { FusedAttributes } from '../native/ops/fused'
import type { Tensor } from '../tf'
import { relu, relu6 } from './activation'
import type { Follow } from './batchNorm'
import { channelShift } from './channel'
import { conv } from './conv'
import { defineKernel, type Inputs } from './define'
import { depthwise } from './depthwise'

const finish = (y: Tensor, bias: Tensor, follow: Follow): Tensor => {
  const shifted = channelShift({ x: y, b: bias })
  return follow === 'linear' ? shifted : (follow === 'relu' ? relu : relu6)(shifted)
}

/** follow(conv + bias); has no gradient, and says so. */
export const fusedConv: (inputs: Inputs, attributes: FusedAttributes) => Tensor =
  defineKernel<FusedAttributes>({
    name: 'ThawFusedConv2d',
    native: native.fusedConv,
    generic: ({ x, w, bias }, { follow, ...attributes }) =>
      finish(conv({ x: x!, w: w! }, attributes), bias!, follow),
  })

/** The same of a depthwise convolution. */
export const fusedDepthwise: (inputs: Inputs, attributes: FusedAttributes) => Tensor =
  defineKernel<FusedAttributes>({
    name: 'ThawFusedDepthwiseConv2d',
    native: native.fusedDepthwise,
    generic: ({ x, w, bias }, { follow, ...attributes }) =>
      finish(depthwise({ x: x!, w: w! }, attributes), bias!, follow),
  })
