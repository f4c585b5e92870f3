import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { z } from 'zod'
import type { BatchNormMode } from '../../events/types'
import type { ResolvedSpec } from '../../spec/schema'
import type { NetworkGraph, ParameterInfo, ParameterSource, Stage } from '../network/types'
import type { Schedule } from '../optim/types'

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

export interface PlanContext {
  spec: ResolvedSpec
  /** Backbone with the new head. */
  graph: NetworkGraph
  /** Bottom up; the last is the head. */
  stages: readonly Stage[]
  steps: number
  stepsPerEpoch: number
}

/** What a loss term may look at in a step. */
export interface StepView {
  /** Names that get a gradient in this step. */
  trained: ReadonlySet<string>
  /** Values that gradients flow to (trainable ones are the tape's inputs). */
  parameters: ParameterSource
  /** Pre-trained values; immutable. */
  w0: ParameterSource
  /** Outputs asked for in `Phase.hooks`. */
  hooks: ReadonlyMap<string, Tensor>
  logits: Tensor
  labels: Tensor
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
  /** Terms beside cross-entropy. */
  terms?: readonly LossTerm[]
  /**
   * Pull applied with the step instead of in the loss: w <- w - rate * (update + pull(w_before)),
   * strategies.md section 0.4. Returns undefined for parameters it leaves alone.
   */
  pull?(parameter: ParameterInfo, before: Tensor, w0: Tensor | undefined): Tensor | undefined
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
}
