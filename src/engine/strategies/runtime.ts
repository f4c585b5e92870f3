import type { Tensor } from '@tensorflow/tfjs-core'
import type { BatchNormMode, Metrics, RunEventBody } from '../../events/types'
import type { ResolvedSpec } from '../../spec/schema'
import type { ImageBatch, Item, Split } from '../data/types'
import type {
  LoadedModel,
  NetworkGraph,
  ParameterBank,
  ParameterSource,
  PlainValue,
  Stage,
} from '../network/types'
import type { Optimizer, ParameterRate } from '../optim/types'
import type { Narrowing } from '../train/narrow'
import type { ImageSource } from '../train/images'
import type { Constants, Teacher } from './forward'
import type { DrawDeclaration } from './types'

/** The run as a strategy's runtime sees it; getters are live. */
export interface RuntimeContext {
  spec: ResolvedSpec
  readonly graph: NetworkGraph
  readonly stages: readonly Stage[]
  readonly bank: ParameterBank
  readonly w0: ParameterSource
  readonly teacher?: Teacher
  readonly optimizer: Optimizer
  readonly classes: readonly string[]
  /** Images of all splits; `label` is an index into `classes`. */
  readonly items: readonly Item[]
  /** Side of the square input. */
  readonly size: number
  /** Updates done, and those of the whole run. */
  readonly step: number
  readonly steps: number
  /** Index and name of the phase that the run stands in. */
  readonly phase: number
  readonly phaseName: string
  /** Mode of a batch norm in this phase. */
  mode(layer: string): BatchNormMode
  /** Tensors of `train.inputs` beside `batch_order`. */
  readonly inputs: ReadonlyMap<string, PlainValue>
  /** Whether a person has asked to stop: `enter` then returns `stopped`. */
  stopped(): boolean
  /** Goes on with a network of fewer rows; see `Narrowing`. `graph`, `bank` and `w0` are others from then on. */
  narrow(narrowing: Narrowing): void
  emit(event: RunEventBody): void
  /** Shows a picture: a `picture` event of this name; `data` is plain JSON, documented in docs/pictures.md. */
  picture(name: string, data: unknown): void
  progress(what: string, done: number, total: number): void
  /**
   * Images of a split once, without random changes.
   * @param only positions in the data set of those that are wanted
   */
  images(split: Split, batchSize: number, only?: ReadonlySet<number>): AsyncIterable<ImageBatch>
  /** Images of another folder, laid out like `data.source`: a folder per class, or train/ with one. */
  folder(source: string): Promise<ImageSource>
  /** The model file with its own classifier, where it has one. */
  whole(): Promise<LoadedModel>
  /** Metrics of a split (default: val, else test) with the weights of now; told as an `eval` event unless `quiet`. */
  evaluate(split?: Split, options?: { quiet?: boolean }): Promise<Metrics>
  draw(declaration: DrawDeclaration): Tensor
}

/** One step that was taken, with its batch; tensors are the session's. */
export interface StepTaken {
  x: Tensor
  labels: Tensor
  batch: ImageBatch
  /** By trained parameter. */
  rates: ReadonlyMap<string, ParameterRate>
  /** `Forward.observed`. */
  observed: Readonly<Record<string, Tensor>>
  loss: number
  parts: Readonly<Record<string, number>>
}

/** What a strategy does around steps. A checkpoint between any two steps must hold all that decides how it goes on. */
export interface StrategyRuntime {
  /** Tensors that loss, pull and forward pass read; the runtime's own, and part of what it saves. */
  readonly constants?: Constants
  /**
   * Before the first step of a phase, never again when a run resumes inside it: measures, prunes, initialises.
   * @returns `stopped` when a person stopped it before anything was changed: a resumed run then enters again
   */
  enter?(phase: number): Promise<void | 'stopped'>
  /** After the update and the running statistics of a step, before it is measured. */
  afterStep?(step: StepTaken): Promise<void> | void
  /**
   * After the last step of a phase and before the next is entered.
   * @returns `end` when the run needs no more steps, whatever phases are planned
   */
  leave?(phase: number): Promise<'end' | undefined>
  /** The run ends in the middle of a phase (early stopping): puts the weights in place that it ends with. */
  cutShort?(): Promise<void>
  /**
   * Scores [n, classes] of pixels in evaluation mode; left out: the plain network.
   * @param items positions in the data set, where the pixels are images of it
   */
  infer?(x: Tensor, items?: Int32Array): Tensor
  /** Pictures of the state of now; told after each evaluation and at the end of each phase. */
  pictures?(): Promise<void> | void
  /**
   * `state` is plain JSON; tensors are copied out. Those under names that `train.inputs` takes are in its layouts, and
   * `thaw export RUN --draws` writes them.
   */
  save?(): { state: unknown; tensors?: ReadonlyMap<string, PlainValue> }
  restore?(saved: { state: unknown; tensors: ReadonlyMap<string, PlainValue> }): Promise<void> | void
  dispose?(): void
}
