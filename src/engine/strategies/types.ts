import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { z } from 'zod'
import type { BatchNormMode } from '../../events/types'
import type { ModelSpec, OptimizerSpec, ResolvedSpec } from '../../spec/schema'
import type { NetworkGraph, ParameterInfo, ParameterSource, PlainValue, Stage } from '../network/types'
import type { Schedule } from '../optim/types'
import type { RandomStream } from '../random'
import type { Constants, Forward, ForwardContext } from './forward'
import type { RuntimeContext, StrategyRuntime } from './runtime'

export type * from './forward'
export type * from './runtime'

export type StrategyType = 'baseline' | 'constraint' | 'selective' | 'structure' | 'routing'

/** What a catalogue shows; lives in `<name>/meta.ts`, which imports no tfjs, so that any front end can read it. */
export interface StrategyMeta {
  /** Name in run files. */
  name: string
  title: string
  type: StrategyType
  /** One sentence. */
  summary: string
  /** Paper, venue, year, arXiv number. */
  source: string
  /** Time of a training step against plain full fine-tuning, and extra memory, in words. */
  cost: string
  options: z.ZodObject
}

/** What a strategy can see of a run before anything is computed. */
export interface NetworkContext {
  spec: ResolvedSpec
  /** Backbone with the new head. */
  graph: NetworkGraph
  /** Bottom up; the last is the head. */
  stages: readonly Stage[]
  classes: number
  /** The model has pre-trained values and the strategy uses them. */
  pretrained: boolean
  /** Graph of the network that `Strategy.teacher` named, without a head of this run's. */
  teacher?: NetworkGraph
}

/** What initial values of a strategy's own parameters can be taken from. */
export interface ParametersContext extends NetworkContext {
  /** Pre-trained values of the backbone and initial ones of the head. */
  values: ReadonlyMap<string, PlainValue>
  /** Of the network that `Strategy.teacher` named. */
  teacherValues?: ReadonlyMap<string, PlainValue>
}

/** Its graph already holds the strategy's own parameters. */
export interface PlanContext extends NetworkContext {
  steps: number
  stepsPerEpoch: number
}

/** A parameter or buffer that a strategy brings along; updated, measured, saved and resumed like any other. */
export interface OwnedParameter {
  info: ParameterInfo & Required<Pick<ParameterInfo, 'owned'>>
  /** Before step 0, in our layout; float32, as many as the shape says. */
  initial: Float32Array
}

/** What chance decides in each step beside batches, transforms and dropout; see `ForwardContext.draw`. */
export interface DrawDeclaration {
  /** Name in `train.inputs` and of its random stream, for example `gumbel`. */
  name: string
  /** Of one step. */
  shape: readonly number[]
  kind: 'uniform' | 'normal' | 'gumbel'
}

/** What a strategy costs against the plain forward pass of its network, for `thaw preflight`. */
export interface StrategyCost {
  /** Multiply-adds of a training step for one image, forward and backward; where phases differ, the mean over the run. */
  trainMultiplyAdds: number
  /** The same of each phase that `plan` gives, where they differ from each other. */
  phases?: readonly number[]
  /** Multiply-adds of the exported network for one image. */
  inferMultiplyAdds: number
  /** Values kept beside the network's own: teachers, copies, owned parameters. */
  extraValues: number
  /** Activations held in a step as a multiple of plain fine-tuning's. */
  activationFactor: number
}

/** What a loss term may look at in a step. */
export interface StepView {
  /** Names that get a gradient in this step. */
  trained: ReadonlySet<string>
  /** Values that gradients flow to (trainable ones are the tape's inputs). */
  parameters: ParameterSource
  /** Pre-trained values; immutable. */
  w0: ParameterSource
  /** `StrategyRuntime.constants`. */
  constants: Constants
  /** Outputs asked for in `Phase.hooks`. */
  hooks: ReadonlyMap<string, Tensor>
  /** Outputs asked for in `Phase.teacherHooks`; constants. */
  teacherHooks?: ReadonlyMap<string, Tensor>
  logits: Tensor
  labels: Tensor
  /** Updates done before this step. */
  step: number
}

export interface LossTerm {
  /** Its name among the parts of the loss, for example `l2-sp`. */
  name: string
  value(view: StepView): Scalar
}

/**
 * One phase of a run: which parameters move, in which batch-norm mode, what the objective is, when it ends.
 * Every strategy, baseline and freeze schedule is a list of these.
 */
export interface Phase {
  name: string
  steps: number
  trains(parameter: ParameterInfo): boolean
  /** Owned parameters that the strategy's runtime changes in this phase, past the optimizer; declared as training. */
  moves?(parameter: ParameterInfo): boolean
  /**
   * Trained parameters that may stay as they are through the phase without an alarm, since routing can leave them out:
   * their picture shows the routed share.
   */
  mayRest?(parameter: ParameterInfo): boolean
  batchNorm(layer: string): BatchNormMode
  /** Share of a batch's statistics in the running ones, instead of each layer's own (PyTorch's sense of momentum). */
  batchNormMomentum?: number
  /** Factor on the base rate of a parameter (discriminative rates). Default 1. */
  rateFactor?(parameter: ParameterInfo): number
  /** Replaces the optimizer's weight decay for a parameter; undefined keeps it. */
  weightDecay?(parameter: ParameterInfo): number | undefined
  /** Replaces the run file's schedule. */
  schedule?: Schedule
  /**
   * The schedule counts its steps from the start of this phase on. Without it the schedule goes on through
   * consecutive phases as one curve, which is what unfreezing inside one run needs.
   */
  restartsSchedule?: boolean
  hooks?: readonly string[]
  /**
   * Layers of the network that `Strategy.teacher` named whose outputs a step needs, every batch norm on its running
   * statistics. They are computed before the step, and once for each image where images are fixed (`data.transforms`
   * none, or `data.views`): in memory, on disk and shared by runs.
   */
  teacherHooks?: readonly string[]
  /** Terms beside cross-entropy. */
  terms?: readonly LossTerm[]
  /**
   * Replaces the forward pass, the cross-entropy and the terms: several paths, gates, hints. Its losses' sum is
   * what the step descends on. It always starts from pixels.
   */
  forward?(context: ForwardContext): Forward
  /**
   * Pull applied with the step instead of in the loss: w <- w - rate * (update + pull(w_before)),
   * strategies.md section 0.4. Returns undefined for parameters it leaves alone.
   */
  pull?(
    parameter: ParameterInfo,
    before: Tensor,
    w0: Tensor | undefined,
    constants: Constants,
  ): Tensor | undefined
  /**
   * Proximal step: the value that takes a parameter's place after update and pull. Returns undefined for parameters it
   * leaves alone. Not asked where the rate is 0.
   */
  project?(
    parameter: ParameterInfo,
    value: Tensor,
    w0: Tensor | undefined,
    rate: number,
    constants: Constants,
  ): Tensor | undefined
  /** Instead of steps (`steps` is then 0): solves the head at once on the features below it. */
  solve?: ProbeSolve
}

/** L2-regularised logistic regression on the frozen features, strategies.md section 8.1. */
export interface ProbeSolve {
  l2: number
  mirror: boolean
  iterations: number
  /**
   * `none`: raw features. `fold`: standardised, the scales end up inside the head (right when nothing trains after).
   * `layer`: standardised, the scales stay as a fixed layer before the head, since a head that holds 1/std has weights
   * so large that fine-tuning from it collapses.
   */
  standardise: 'none' | 'fold' | 'layer'
}

export interface Strategy<O = unknown> {
  meta: StrategyMeta
  plan(context: PlanContext, options: O): Phase[]
  /** True when the run starts from random weights: the pre-trained values are not used. */
  fromScratch?(options: O): boolean
  /** Rate of the head over the backbone's where the run file gives none. Default 10. */
  headFactor?(options: O): number
  /** Puts a fixed standardisation layer between the features and the head, see `ProbeSolve`. */
  standardisesHead?(options: O): boolean
  /** The frozen second network: `self` is the run's own model with its pre-trained values. */
  teacher?(options: O, spec: ResolvedSpec): ModelSpec | 'self' | undefined
  /** The second network keeps the classifier of its file, which must tell the data's classes apart. */
  teacherHead?(options: O): boolean
  /** Its own parameters. @param random a stream for initial values by name */
  parameters?(
    context: ParametersContext,
    options: O,
    random: (name: string) => RandomStream,
  ): readonly OwnedParameter[]
  /** Optimizers beside the run's own, by the group that owned parameters name. */
  optimizers?(options: O, spec: ResolvedSpec): ReadonlyMap<string, OptimizerSpec>
  /** Noise of a step, for `thaw export RUN --draws`. */
  draws?(context: PlanContext, options: O): readonly DrawDeclaration[]
  /** Names that `train.inputs` may hold beside `batch_order` and the draws; a trailing `*` matches all that begins so. */
  inputs?(context: PlanContext, options: O): readonly string[]
  /** What the strategy does around steps, keeps beside weights, and shows. */
  create?(context: RuntimeContext, options: O): StrategyRuntime
  /**
   * The network without anything that only training needs. Left out: the graph as it is, without owned parameters.
   * Together with `StrategyRuntime.infer` it must keep U3: same scores as the evaluation inside training.
   */
  finished?(
    trained: Trained,
    options: O,
    spec: ResolvedSpec,
  ): { graph: NetworkGraph; values: Map<string, PlainValue> }
  /** @throws UserError never; an estimate from the graph alone */
  cost?(context: PlanContext, options: O): StrategyCost
}

/** What a checkpoint holds, for `Strategy.finished`. */
export interface Trained {
  graph: NetworkGraph
  stages: readonly Stage[]
  /** All values of the checkpoint, owned ones among them. */
  values: ReadonlyMap<string, PlainValue>
  /** Pre-trained values of the backbone. */
  w0: ReadonlyMap<string, PlainValue>
  /** `StrategyRuntime.save().state` of the checkpoint. */
  state: unknown
  classes: number
}
