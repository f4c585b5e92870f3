// Our own kernels in the addon (native/addon/kernels.h), on the processor alone; elsewhere TensorFlow's ops.
import { outputLength } from '../../kernels/convShape'
import type { Follow } from '../../kernels/batchNorm'
import type { Tensor, TensorInfo } from '../../tf'
import { adopt, DataType, handle, native, onGpu, type Handle } from './execute'
import { allowed } from './ways'
import type { Window } from './window'

/** `native/addon/calls.cc`: tensors by their numbers; -1 for a tensor that is left out. */
export interface Kernels {
  normTrain(x: Handle, gamma: Handle, beta: Handle, epsilon: number, follow: number): Handle[]
  normEval(
    x: Handle,
    gamma: Handle,
    beta: Handle,
    mean: Handle,
    variance: Handle,
    epsilon: number,
    follow: number,
  ): Handle
  normGradient(
    x: Handle,
    dy: Handle,
    gamma: Handle,
    beta: Handle,
    mean: Handle,
    variance: Handle,
    epsilon: number,
    follow: number,
    training: boolean,
    byX: boolean,
    byVectors: boolean,
  ): Handle[]
  depthwise(x: Handle, w: Handle, window: readonly number[], bias: Handle, follow: number): Handle
  depthwiseInput(dy: Handle, w: Handle, window: readonly number[], xShape: readonly number[]): Handle
  depthwiseFilter(x: Handle, dy: Handle, window: readonly number[], wShape: readonly number[]): Handle
  compare(a: readonly Handle[], b: readonly Handle[]): Float64Array
  share(id: Handle): Handle
  sgd(
    values: readonly Handle[],
    gradients: readonly Handle[],
    buffers: readonly Handle[],
    rates: readonly number[],
    weightDecays: readonly number[],
    momentum: number,
    nesterov: boolean,
  ): void
  adam(
    values: readonly Handle[],
    gradients: readonly Handle[],
    firsts: readonly Handle[],
    seconds: readonly Handle[],
    rates: readonly number[],
    weightDecays: readonly number[],
    floors: readonly number[],
    keeps: readonly number[],
    beta1: number,
    beta2: number,
  ): void
  blend(x: readonly Handle[], y: readonly Handle[], a: readonly number[], b: readonly number[]): Handle[]
  foldNorm(
    kernel: Handle,
    channels: number,
    bias: Handle,
    gamma: Handle,
    beta: Handle,
    mean: Handle,
    variance: Handle,
    epsilon: number,
  ): Handle[]
}

const follows: readonly Follow[] = ['linear', 'relu', 'relu6']
/** The addon's number of an activation. */
export const followOf = (follow: Follow): number => follows.indexOf(follow)

/** Whether they may be used: they read and write the processor's memory. */
export const hasKernels = (): boolean => allowed().kernels && !onGpu()

/** @throws where `hasKernels` is false: a GPU's memory is out of their reach */
export const kernels = (): Kernels => native().binding

/** A float32 tensor that one of them made. */
export const made = (id: Handle, shape: readonly number[]): TensorInfo =>
  adopt({ id, shape: [...shape], dtype: DataType.float })

/** Strides, padding above and to the left, dilations, height and width of the output. */
export function windowNumbers(
  xShape: readonly number[],
  wShape: readonly number[],
  { strides, pads: [top, bottom, left, right], dilations = [1, 1] }: Window,
): number[] {
  const height = outputLength(xShape[1]!, wShape[0]!, strides[0], top, bottom, dilations[0])
  const width = outputLength(xShape[2]!, wShape[1]!, strides[1], left, right, dilations[1])
  return [...strides, top, left, ...dilations, height, width]
}

/** What `compare` tells of a pair of tensors of one size. */
export interface Compared {
  /** Sum of (a - b)^2, in double precision. */
  squares: number
  /** Sum of b^2. */
  of: number
  /** Largest |a - b|; NaN where there is one. */
  largest: number
  /** How many values are not equal. */
  differ: number
}

type Four = [number, number, number, number]

/** Compares pairs of tensors where they lie: no value is copied to JavaScript. `b` left out: zeros. */
export function compared(pairs: readonly (readonly [a: Tensor, b?: Tensor])[]): Compared[] {
  const values = kernels().compare(
    pairs.map(([a]) => handle(a)),
    pairs.map(([, b]) => (b ? handle(b) : -1)),
  )
  return pairs.map((_, i) => {
    const [squares, of, largest, differ] = values.subarray(4 * i, 4 * i + 4) as unknown as Four
    return { squares, of, largest, differ }
  })
}
