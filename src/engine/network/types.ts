import type { Tensor, TensorLike } from '@tensorflow/tfjs-core'
import type { BatchNormMode, LayerInfo } from '../../events/types'
import type { Padding } from '../backend/types'
import type { RandomStream } from '../random'

export type Activation =
  'relu' | 'relu6' | 'linear' | 'sigmoid' | 'tanh' | 'swish' | 'elu' | 'softmax' | 'leakyRelu'

/** What a layer computes. Attributes are plain data, so that a graph can be hashed, saved and compared. */
export type LayerOp =
  | { kind: 'input'; shape: readonly number[] }
  /** (x - mean) / std by channel, on pixels 0 to 255. */
  | { kind: 'normalize'; mean: readonly number[]; std: readonly number[] }
  | {
      kind: 'conv2d'
      filters: number
      kernel: readonly [number, number]
      strides: readonly [number, number]
      padding: Padding
      dilations?: readonly [number, number]
      bias: boolean
    }
  | {
      kind: 'depthwiseConv2d'
      kernel: readonly [number, number]
      strides: readonly [number, number]
      padding: Padding
      multiplier: number
      dilations?: readonly [number, number]
      bias: boolean
    }
  | { kind: 'dense'; units: number; bias: boolean }
  | {
      kind: 'batchNorm'
      epsilon: number
      /** PyTorch's sense: running = (1 - m) running + m batch. */ momentum: number
    }
  | {
      kind: 'activation'
      activation: Activation
      /** Slope below zero of `leakyRelu`; 0.3 when left out. */ alpha?: number
    }
  | {
      kind: 'maxPool' | 'avgPool'
      size: readonly [number, number]
      strides: readonly [number, number]
      padding: Padding
    }
  | { kind: 'globalAveragePool' }
  | { kind: 'zeroPad'; padding: readonly [number, number, number, number] }
  | { kind: 'add' }
  | { kind: 'multiply' }
  | { kind: 'concat' }
  | { kind: 'flatten' }
  | { kind: 'reshape'; shape: readonly number[] }
  | { kind: 'dropout'; rate: number }
  /** Zero channels behind the input's: a shortcut without weights where a block widens. */
  | { kind: 'padChannels'; channels: number }
  /** Bilinear, centres of pixels kept in place (PyTorch's align_corners=False). */
  /** `pixels`: the input is an image, a constant for gradients, resized by one op whose rounding is the least */
  | { kind: 'resize'; size: readonly [number, number]; pixels?: boolean }
  /** h of a recurrent cell, with c behind it for an lstm; inputs are z and the state before, which is 0 when left out. */
  | { kind: 'recurrentCell'; cell: 'lstm' | 'gru'; units: number }
  /** The state's first `units` values: h. */
  | { kind: 'hidden'; units: number }
  /** Hard gates 0 or 1: of each pair of logits whether the second is larger, or of each logit whether it is above 0. */
  | { kind: 'decide'; form: 'pair' | 'sign' }
  /** Inputs are two branches and gates [n, gates]: 1 takes the second. One gate for all channels when `gate` is given. */
  | { kind: 'mix'; gate?: number }

/** Roles of a layer's parameters (kernel, bias, gamma, beta, a recurrent cell's own) and buffers (mean, variance). */
export type Role =
  'kernel' | 'bias' | 'gamma' | 'beta' | 'mean' | 'variance' | 'recurrentKernel' | 'recurrentBias'

export interface LayerNode {
  /** Unique; the module path of origin (`layer1.0.conv1`), or `layer1.0.relu` and the like where the origin has none. */
  name: string
  op: LayerOp
  inputs: readonly string[]
  /** Role to parameter or buffer name of origin (`layer1.0.conv1.weight`). */
  parameters: Readonly<Partial<Record<Role, string>>>
  stage: string
  block: string
}

/** How a parameter lies in its file of origin; ours is always NHWC's (HWIO, HWC1, [in, out]). */
export type OriginLayout = 'as-is' | 'OIHW' | 'C1HW' | '[out,in]'

export interface ParameterInfo {
  name: string
  layer: string
  role: Role
  /** True for running statistics, which no optimizer touches. */
  buffer: boolean
  /** In our layout. */
  shape: readonly number[]
  origin: OriginLayout
  /** Part of the pre-trained network (S in the strategies' terms) rather than new to the target (N). */
  pretrained: boolean
  /** Set for what a strategy brings along (regressors, gates, a policy): no layer of the graph computes with it. */
  owned?: Ownership
}

/** Where a strategy's own parameter is shown and how it is trained. */
export interface Ownership {
  /** Row group in the layer table, for example `policy`. */
  stage: string
  /** What its layer is, for example `conv2d`. */
  kind: string
  /** Optimizer that updates it, see `Strategy.optimizers`; the run's own when left out. */
  group?: string
}

export interface Stage {
  name: string
  layers: readonly string[]
  /** Layer whose output is the stage's. */
  output: string
}

/** A network as data: immutable, without values. */
export interface NetworkGraph {
  architecture: string
  /** Topologically ordered. */
  nodes: readonly LayerNode[]
  output: string
  /** [height, width, channels] the network was made for. */
  inputShape: readonly [number, number, number]
  parameters: ReadonlyMap<string, ParameterInfo>
}

/** Named values of parameters and buffers. A bank owns its tensors. */
export interface ParameterSource {
  get(name: string): Tensor
}

export interface ParameterBank extends ParameterSource {
  names(): string[]
  has(name: string): boolean
  /** Takes ownership; disposes what was there. Throws on another shape. */
  set(name: string, value: Tensor): void
  /** A deep copy. */
  clone(): ParameterBank
  /** sha256 over sorted names, shapes and float32 bytes, hex. */
  hash(): Promise<string>
  dispose(): void
}

export interface BatchStatistics {
  mean: Tensor
  /** Biased, as used to normalise. */
  variance: Tensor
  /** Values per channel, for Bessel's correction of the running variance. */
  count: number
}

export interface RunOptions {
  parameters: ParameterSource
  /** By layer name; `frozen` for all when left out. */
  batchNorm?: (layer: string) => BatchNormMode
  /** Start after this layer: the fed tensor is its output. */
  from?: string
  /** Outputs that are known already, by layer; they stay the caller's. */
  given?: ReadonlyMap<string, Tensor>
  /** Stop at this layer's output; default the graph's output. */
  to?: string
  /** Outputs to return beside the last. */
  hooks?: readonly string[]
  /** Replaces a layer's output: scale, mask or gate channels. */
  transform?: (layer: string, output: Tensor) => Tensor
  /** Replaces the hard decision of a `decide` layer, whose input it gets: gates that gradients flow through. */
  decide?: (layer: string, logits: Tensor) => Tensor
  /** Dropout acts only when given. */
  dropout?: RandomStream
  /** Called for each batch norm in mode `train`. The tensors are kept for the caller, outside any tidy, and the caller disposes them. */
  onStatistics?: (layer: string, statistics: BatchStatistics) => void
}

export interface RunResult {
  output: Tensor
  hooks: Map<string, Tensor>
}

/** Multiply-adds and values of one layer for one image. */
export interface LayerCost {
  layer: string
  multiplyAdds: number
  parameters: number
  /** Values of the output. */
  activations: number
}

export interface HeadOptions {
  classes: number
  dropout: number
  std: number
  random: RandomStream
}

/** A value without a back end: float32 in our layout. */
export interface PlainValue {
  shape: number[]
  data: Float32Array
}

export interface LoadedModel {
  graph: NetworkGraph
  /** Plain float32 values in our layout, by name; not yet tensors, so that no back end is needed to load. */
  values: Map<string, PlainValue>
  /** Where it came from, for messages and `run-started`. */
  source: string
  /** What its classifier tells apart, where the file says so. */
  classes?: readonly string[]
}

export type { LayerInfo, TensorLike }
