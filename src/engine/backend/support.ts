import type { ops } from './ops'

/** Highest order of derivative that is tested on each back end against float64 PyTorch; 0: value only. */
export interface Support {
  cpu: 0 | 1 | 2
  wasm: 0 | 1 | 2
  webgpu: 0 | 1 | 2
  native: 0 | 1 | 2
  /** Whether wasm has a kernel of ours for it (the others are made of tfjs's). */
  kernel: boolean
  note?: string
}

const closed = (kernel = false, note?: string): Support => ({
  cpu: 2,
  wasm: 2,
  webgpu: 2,
  native: 2,
  kernel,
  note,
})

/** What docs and `thaw ls backends` show; test/numerics/backend.test.ts has a case for each line. */
export const support: Record<Exclude<keyof typeof ops, 'channels'>, Support> = {
  conv2d: closed(true, 'dilation: value only; explicit, same and valid padding, any strides'),
  depthwiseConv2d: closed(true, 'dilation: value only; a multiplier above 1 is composed'),
  matMul: closed(true),
  dense: closed(true),
  biasAdd: closed(true),
  batchNormEval: closed(true, 'with relu or relu6 in the same pass'),
  batchNormTrain: closed(true, 'gradients flow through the statistics, also through those returned'),
  relu: closed(true, 'derivative 0 at 0'),
  relu6: closed(true, 'derivative 0 at 0 and 6'),
  sigmoid: closed(),
  tanh: closed(),
  swish: closed(),
  elu: closed(),
  leakyRelu: closed(true),
  softmax: closed(false, 'last axis'),
  logSoftmax: closed(false, 'last axis'),
  softmaxCrossEntropy: closed(false, 'mean over the batch, labels int32'),
  logSumExp: closed(false, 'last axis'),
  maxPool: closed(true, 'first among equals; cpu: below 16.7 million values'),
  avgPool: closed(true, 'padding does not count'),
  globalAveragePool: closed(true),
  mapDistance: closed(),
  zeroPad: closed(),
  resizeBilinear: closed(false, 'products with one matrix an axis; edges held'),
  add: closed(),
  multiply: closed(),
  concat: closed(),
  reshape: closed(),
  flatten: closed(),
  exp: closed(),
  log: closed(),
  sqrt: closed(),
  rsqrt: closed(),
  square: closed(),
  abs: closed(false, 'derivative 0 at 0'),
  sum: closed(),
  mean: closed(),
  mix: closed(true, 'gates of exactly 0 and 1 select'),
  gather: closed(false, 'rows; the same row may come more than once'),
}
