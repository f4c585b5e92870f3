import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { BatchNormMode } from '../../events/types'
import type { BatchStatistics, NetworkGraph, ParameterSource, RunOptions, RunResult } from '../network/types'
import type { RandomStream } from '../random'
import type { DrawDeclaration } from './types'

/** The frozen second network. */
export interface Teacher {
  graph: NetworkGraph
  parameters: ParameterSource
}

/** Named tensors that a strategy's runtime has measured or was given; no gradient flows to them. */
export type Constants = ReadonlyMap<string, Tensor>

/** A running statistic that a batch moves: names of its buffers, share of the batch (PyTorch's momentum). */
export interface StatisticsTarget {
  mean: string
  variance: string
  momentum: number
}

/** What a phase's own forward pass works with; everything in it is of one batch of one step. */
export interface ForwardContext {
  graph: NetworkGraph
  /** Pixels 0 to 255, float32 [n, height, width, 3]. */
  x: Tensor
  /** int32 [n]. */
  labels: Tensor
  /** Position of each image in the data set. */
  items: Int32Array
  /** Values that gradients flow to. */
  parameters: ParameterSource
  /** Pre-trained values (initial ones of what is new); immutable. */
  w0: ParameterSource
  teacher?: Teacher
  /** Outputs asked for in `Phase.teacherHooks`; constants. */
  teacherHooks?: ReadonlyMap<string, Tensor>
  /** `StrategyRuntime.constants`. */
  constants: Constants
  /** Names that get a gradient in this step. */
  trained: ReadonlySet<string>
  /** Updates done before this step, and those of the whole run. */
  step: number
  steps: number
  /** Mode of a batch norm in this phase. */
  mode(layer: string): BatchNormMode
  dropout?: RandomStream
  /**
   * Runs the graph on `x` with the parameters, batch-norm modes and dropout of this phase; running statistics of
   * layers in mode `train` are collected. Any of it can be replaced.
   */
  run(options?: Partial<RunOptions> & { x?: Tensor; graph?: NetworkGraph }): RunResult
  /** Moves the running statistics that the strategy keeps itself. Takes copies. */
  collect(target: StatisticsTarget, statistics: BatchStatistics): void
  /** Noise: from `train.inputs` where it has this name, else from the seed; the same again when a step is repeated. */
  draw(declaration: DrawDeclaration): Tensor
}

export interface Forward {
  /** float32 [n, classes]: training accuracy is counted on it. */
  logits: Tensor
  /** Parts of the loss, weights multiplied in; the first is usually `cross-entropy`. */
  losses: readonly { name: string; value: Scalar }[]
  /** What `StrategyRuntime.afterStep` wants to see of this step; must not carry gradients. */
  observed?: Readonly<Record<string, Tensor>>
}
