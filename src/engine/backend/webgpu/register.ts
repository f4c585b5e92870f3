// The fast forms on webgpu of kernels that ../kernels defines, under the same names, and one of tfjs's that breaks.
import { tf, type Tensor, type TensorInfo } from '../tf'
import { activationGradient } from './kernels/activation'
import { addMany } from './kernels/add'
import { affine, affineGradient, fold, foldGradient } from './kernels/affine'
import { channelDot, channelSum, moments } from './kernels/channel'
import { convFilter, convInput, depthwiseFilter, depthwiseInput, turnFilter } from './kernels/convolution'
import { avgPool, avgPoolInput, gatherFlat, maxIndices, scatterFlat } from './kernels/pool'
import type { WebGPUBackend } from './program'

/** Undefined where it has nothing faster for these inputs than the form made of tfjs's ops. */
export type Form<A = object> = (
  inputs: Record<string, TensorInfo>,
  attributes: A,
  backend: WebGPUBackend,
) => TensorInfo | Tensor | (TensorInfo | Tensor)[] | undefined

const forms: Record<string, Form<never>> = {
  AddN: addMany,
  ThawElementwiseGradient: activationGradient,
  ThawAffine: affine,
  ThawAffineGradient: affineGradient,
  ThawFoldBatchNorm: fold,
  ThawFoldBatchNormGradient: foldGradient,
  ThawMoments: moments,
  ThawChannelSum: channelSum,
  ThawChannelDot: channelDot,
  ThawTurnFilter: turnFilter,
  ThawConv2dInput: convInput,
  ThawConv2dFilter: convFilter,
  ThawDepthwiseConv2dInput: depthwiseInput,
  ThawDepthwiseConv2dFilter: depthwiseFilter,
  ThawMaxPoolIndices: maxIndices,
  ThawGatherFlat: gatherFlat,
  ThawScatterFlat: scatterFlat,
  ThawAvgPool: avgPool,
  ThawAvgPoolInput: avgPoolInput,
}

/** Puts the forms before those that ../kernels registered; once, where this module is loaded twice. */
export function registerForms(): void {
  for (const [kernelName, form] of Object.entries(forms)) {
    const known = tf.getKernel(kernelName, 'webgpu')
    if (!known || 'thaw' in known) continue
    tf.unregisterKernel(kernelName, 'webgpu')
    const kernelFunc: typeof known.kernelFunc = (call) =>
      (form(call.inputs as never, call.attrs as never, call.backend as WebGPUBackend) ??
        known.kernelFunc(call)) as TensorInfo
    tf.registerKernel(Object.assign({ ...known, kernelFunc }, { thaw: true }))
  }
}
