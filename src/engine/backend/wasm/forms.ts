// The fast forms on the wasm back end of kernels defined in ../kernels, under the same names.
import type { Tensor } from '../tf'
import type { ConvFilterAttributes, ConvInputAttributes, ConvKernelAttributes } from '../kernels/conv'
import type { PoolAttributes } from '../kernels/pool'
import {
  at,
  kernelsOf,
  lastAxis,
  output,
  withIntegers,
  withScratch,
  type BackendWasm,
  type TensorInfo,
} from './heap'

type Form<A> = (
  inputs: Record<string, Tensor>,
  attributes: A,
  backend: BackendWasm,
) => TensorInfo | TensorInfo[]

type MaybeForm<A> = (...call: Parameters<Form<A>>) => ReturnType<Form<A>> | undefined

const activations = { linear: 0, relu: 1, relu6: 2 } as const
type Activated = { activation: keyof typeof activations }
const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

export const affine: Form<Activated> = ({ x, scale, shift }, { activation }, backend) => {
  const y = output(backend, x!.shape)
  const { rows, c } = lastAxis(x!)
  const [px, ps, pt, py] = [x!, scale!, shift!, y].map((t) => at(backend, t))
  kernelsOf(backend).affine(px!, ps!, pt!, py!, rows, c, activations[activation])
  return y
}

export const affineGradient: Form<Activated & { input: boolean; vectors: boolean }> = (
  inputs,
  attributes,
  backend,
) => {
  const { x, scale, shift, dy } = inputs
  const { rows, c } = lastAxis(x!)
  const dx = output(backend, attributes.input ? x!.shape : [0])
  const dScale = output(backend, attributes.vectors ? [c] : [0])
  const dShift = output(backend, attributes.vectors ? [c] : [0])
  const pointer = (wanted: boolean, t: TensorInfo) => (wanted ? at(backend, t) : 0)
  withScratch(backend, 8 * c, (scratch) =>
    kernelsOf(backend).affine_gradient(
      at(backend, x!),
      at(backend, scale!),
      at(backend, shift!),
      at(backend, dy!),
      pointer(attributes.input, dx),
      pointer(attributes.vectors, dScale),
      pointer(attributes.vectors, dShift),
      scratch,
      rows,
      c,
      activations[attributes.activation],
    ),
  )
  return [dx, dScale, dShift]
}

export interface AffineSecond extends Activated {
  /** Whether anything came back to the gradient by x, and to those by the vectors. */
  map: boolean
  vectors: boolean
  /** Which of its inputs' gradients are asked for. */
  dy: boolean
  x: boolean
  scale: boolean
}

export const affineSecond: Form<AffineSecond> = (inputs, attributes, backend) => {
  const { x, scale, shift, dy, gx, gs, gt } = inputs
  const { map, vectors } = attributes
  const { rows, c } = lastAxis(x!)
  const wanted = [attributes.dy, attributes.x && vectors, attributes.scale && map]
  const made = [x!.shape, x!.shape, [c]].map((shape, i) => output(backend, wanted[i] ? shape : [0]))
  const [byDy, byX, byScale] = made.map((t, i) => (wanted[i] ? at(backend, t) : 0))
  withScratch(backend, 4 * c, (scratch) =>
    kernelsOf(backend).affine_second(
      at(backend, x!),
      at(backend, scale!),
      at(backend, shift!),
      at(backend, dy!),
      map ? at(backend, gx!) : 0,
      vectors ? at(backend, gs!) : 0,
      vectors ? at(backend, gt!) : 0,
      byDy!,
      byX!,
      byScale!,
      scratch,
      rows,
      c,
      activations[attributes.activation],
    ),
  )
  return made
}

export const channelSum: Form<object> = ({ x }, _, backend) => {
  const { rows, c } = lastAxis(x!)
  const y = output(backend, [c])
  withScratch(backend, 4 * c, (s) =>
    kernelsOf(backend).channel_sum(at(backend, x!), at(backend, y), s, rows, c),
  )
  return y
}

export const channelDot: Form<object> = ({ a, b }, _, backend) => {
  const { rows, c } = lastAxis(a!)
  const y = output(backend, [c])
  withScratch(backend, 4 * c, (s) =>
    kernelsOf(backend).channel_dot(at(backend, a!), at(backend, b!), at(backend, y), s, rows, c),
  )
  return y
}

export const moments: Form<object> = ({ x }, _, backend) => {
  const { rows, c } = lastAxis(x!)
  const mean = output(backend, [c])
  const variance = output(backend, [c])
  withScratch(backend, 4 * c, (s) =>
    kernelsOf(backend).channel_moments(at(backend, x!), at(backend, mean), at(backend, variance), s, rows, c),
  )
  return [mean, variance]
}

type Elementwise = { kind: string; alpha: number }
const codes: Partial<Record<string, number>> = { relu: 1, relu6: 2, leakyRelu: 3 }

/** relu, relu6 and leakyRelu; undefined for the others. */
export const activation: MaybeForm<Elementwise> = ({ x }, { kind, alpha }, backend) => {
  const code = codes[kind]
  if (code === undefined) return undefined
  const y = output(backend, x!.shape)
  kernelsOf(backend).activation(at(backend, x!), at(backend, y), size(x!.shape), code, alpha)
  return y
}

export const activationGradient: MaybeForm<Elementwise> = ({ x, dy }, { kind, alpha }, backend) => {
  const code = codes[kind]
  if (code === undefined) return undefined
  const dx = output(backend, x!.shape)
  kernelsOf(backend).activation_gradient(
    at(backend, x!),
    at(backend, dy!),
    at(backend, dx),
    x!.size,
    code,
    alpha,
  )
  return dx
}

/** c = a^T b for matrices. */
export function transposedProduct(a: TensorInfo, b: TensorInfo, backend: BackendWasm): TensorInfo {
  const [rows, m] = a.shape as [number, number]
  const n = b.shape[1]!
  const c = output(backend, [m, n])
  withScratch(backend, 16 * block, (s) =>
    kernelsOf(backend).transposed_product(at(backend, a), at(backend, b), at(backend, c), s, rows, m, n),
  )
  return c
}

/** Rows that kernels.c sums before it adds them to the total. */
const block = 128

function shapeOf(
  x: readonly number[],
  y: readonly number[],
  window: readonly number[],
  { strides, pads }: Pick<ConvKernelAttributes, 'strides' | 'pads'>,
): number[] {
  const [n, h, w, c] = x as [number, number, number, number]
  return [n, h, w, c, window[0]!, window[1]!, strides[0], strides[1], pads[0], pads[2], y[1]!, y[2]!]
}

/** w [kh, kw, in, out] turned by 180 degrees and transposed: [kh, kw, out, in]. */
export const turnFilter: Form<object> = ({ w }, _, backend) => {
  const [kh, kw, m, n] = w!.shape as [number, number, number, number]
  const turned = output(backend, [kh, kw, n, m])
  kernelsOf(backend).turn_filter(at(backend, w!), at(backend, turned), kh * kw, m, n)
  return turned
}

export const convFilter: Form<ConvFilterAttributes> = ({ x, dy }, { strides, pads, wShape }, backend) => {
  const [kh, kw, c, out] = wShape as [number, number, number, number]
  const plain = kh === 1 && kw === 1 && strides.every((s) => s === 1) && pads.every((p) => p === 0)
  const dw = output(backend, wShape)
  const kernels = kernelsOf(backend)
  if (plain) {
    withScratch(backend, 16 * block, (s) =>
      kernels.transposed_product(at(backend, x!), at(backend, dy!), at(backend, dw), s, x!.size / c, c, out),
    )
    return dw
  }
  // few channels: all taps at once, so that the product is not made of slivers
  const together = c < 16 && kh * kw > 1
  const patch = (together ? kh * kw : 1) * c
  withIntegers(backend, shapeOf(x!.shape, dy!.shape, [kh, kw], { strides, pads }), (shape) =>
    withScratch(backend, 4 * block * (4 + patch), (s) =>
      kernels.conv_filter(
        at(backend, x!),
        at(backend, dy!),
        at(backend, dw),
        s,
        shape,
        out,
        Number(together),
      ),
    ),
  )
  return dw
}

export const depthwise = (
  x: Tensor,
  w: Tensor,
  yShape: readonly number[],
  attributes: ConvKernelAttributes,
  backend: BackendWasm,
): TensorInfo => {
  const y = output(backend, yShape)
  const shape = shapeOf(x.shape, yShape, w.shape, attributes)
  withIntegers(backend, shape, (s) =>
    withScratch(backend, 8 * w.shape[0]! * w.shape[1]!, (offsets) =>
      kernelsOf(backend).depthwise(at(backend, x), at(backend, w), at(backend, y), offsets, s),
    ),
  )
  return y
}

export const depthwiseInput: Form<ConvInputAttributes> = ({ dy, w }, { strides, pads, xShape }, backend) => {
  const dx = output(backend, xShape)
  withIntegers(backend, shapeOf(xShape, dy!.shape, w!.shape, { strides, pads }), (s) =>
    withScratch(backend, 8 * w!.shape[0]! * w!.shape[1]!, (offsets) =>
      kernelsOf(backend).depthwise_input(at(backend, dy!), at(backend, w!), at(backend, dx), offsets, s),
    ),
  )
  return dx
}

export const depthwiseFilter: Form<ConvFilterAttributes> = (
  { x, dy },
  { strides, pads, wShape },
  backend,
) => {
  const dw = output(backend, wShape)
  withIntegers(backend, shapeOf(x!.shape, dy!.shape, wShape, { strides, pads }), (s) =>
    kernelsOf(backend).depthwise_filter(at(backend, x!), at(backend, dy!), at(backend, dw), s),
  )
  return dw
}

export function maxIndices(
  x: Tensor,
  yShape: readonly number[],
  attributes: PoolAttributes,
  backend: BackendWasm,
): TensorInfo {
  const indices = output(backend, yShape, 'int32')
  withIntegers(backend, shapeOf(x.shape, yShape, attributes.size, attributes), (s) =>
    kernelsOf(backend).max_indices(at(backend, x), at(backend, indices), s),
  )
  return indices
}

export const gatherFlat: Form<object> = ({ x, indices }, _, backend) => {
  const y = output(backend, indices!.shape)
  kernelsOf(backend).gather_flat(at(backend, x!), at(backend, indices!), at(backend, y), indices!.size)
  return y
}

export const scatterFlat: Form<{ xShape: readonly number[] }> = ({ g, indices }, { xShape }, backend) => {
  const y = output(backend, xShape)
  kernelsOf(backend).scatter_flat(
    at(backend, g!),
    at(backend, indices!),
    at(backend, y),
    g!.size,
    size(xShape),
  )
  return y
}

/** `backward`: `from` has the output's shape and the result the input's. */
export function avgPool(
  from: Tensor,
  toShape: readonly number[],
  attributes: PoolAttributes,
  backward: boolean,
  backend: BackendWasm,
): TensorInfo {
  const to = output(backend, toShape)
  const [x, y] = backward ? [to, from] : [from, to]
  withIntegers(backend, shapeOf(x.shape, y.shape, attributes.size, attributes), (s) =>
    kernelsOf(backend).avg_pool(at(backend, x), at(backend, y), s, Number(backward)),
  )
  return to
}

export function globalPool(
  from: Tensor,
  toShape: readonly number[],
  backward: boolean,
  backend: BackendWasm,
): TensorInfo {
  const to = output(backend, toShape)
  const [x, y] = backward ? [to, from] : [from, to]
  const [n, h, w, c] = x.shape as [number, number, number, number]
  kernelsOf(backend).global_pool(at(backend, x), at(backend, y), n, h * w, c, Number(backward))
  return to
}

type Epsilon = { epsilon: number }

export const fold: Form<Epsilon> = ({ gamma, beta, mean, variance }, { epsilon }, backend) => {
  const c = gamma!.size
  const made = [output(backend, [c]), output(backend, [c])]
  const [g, b, m, v, scale, shift] = [gamma!, beta!, mean!, variance!, ...made].map((t) => at(backend, t))
  kernelsOf(backend).fold(g!, b!, m!, v!, epsilon, scale!, shift!, c)
  return made
}

export const foldGradient: Form<Epsilon> = (inputs, { epsilon }, backend) => {
  const { gamma, mean, variance, dScale, dShift } = inputs
  const c = gamma!.size
  const made = [output(backend, [c]), output(backend, [c]), output(backend, [c])]
  const [g, m, v, ds, dt, a, b, d] = [gamma!, mean!, variance!, dScale!, dShift!, ...made].map((t) =>
    at(backend, t),
  )
  kernelsOf(backend).fold_gradient(g!, m!, v!, epsilon, ds!, dt!, a!, b!, d!, c)
  return made
}

export const foldSecond: Form<Epsilon> = (inputs, { epsilon }, backend) => {
  const { gamma, mean, variance, dScale, dShift, a, b, d } = inputs
  const c = gamma!.size
  const made = Array.from({ length: 5 }, () => output(backend, [c]))
  const [g, m, v, ds, dt, pa, pb, pd] = [gamma!, mean!, variance!, dScale!, dShift!, a!, b!, d!].map((t) =>
    at(backend, t),
  )
  const [byGamma, byMean, byVariance, byScale, byShift] = made.map((t) => at(backend, t))
  kernelsOf(backend).fold_second(
    ...([g, m, v, epsilon, ds, dt, pa, pb, pd, byGamma, byMean, byVariance, byScale, byShift, c] as number[]),
  )
  return made
}

/** [n, pixels, c] of a tensor [n, ..., c]. */
const planes = ({ shape }: TensorInfo): [number, number, number] => [
  shape[0]!,
  size(shape.slice(1, -1)),
  shape.at(-1)!,
]

export const mix: Form<object> = ({ a, b, g }, _, backend) => {
  const y = output(backend, a!.shape)
  const [pa, pb, pg, py] = [a!, b!, g!, y].map((t) => at(backend, t))
  kernelsOf(backend).mix(pa!, pb!, pg!, py!, ...planes(a!))
  return y
}

export const mixPart: Form<{ second: boolean }> = ({ dy, g }, { second }, backend) => {
  const y = output(backend, dy!.shape)
  const [pd, pg, py] = [dy!, g!, y].map((t) => at(backend, t))
  kernelsOf(backend).mix_part(pd!, pg!, py!, ...planes(dy!), Number(second))
  return y
}

export const mixDot: Form<object> = ({ dy, a, b }, _, backend) => {
  const [n, pixels, c] = planes(a!)
  const y = output(backend, [n, c])
  const [pd, pa, pb, py] = [dy!, a!, b!, y].map((t) => at(backend, t))
  withScratch(backend, 4 * c, (s) => kernelsOf(backend).mix_dot(pd!, pa!, pb!, py!, s, n, pixels, c))
  return y
}
