// An optimizer's arithmetic in shaders: no value leaves the GPU. Inputs stay the caller's, results are the caller's.
import { tf, type Tensor, type TensorInfo } from '../tf'
import { sumRows } from './kernels/channel'
import { run, type Shader, type WebGPUBackend } from './program'

export const isWebgpu = (): boolean => tf.getBackend() === 'webgpu'

const backend = () => tf.backend() as unknown as WebGPUBackend & { prefetch(ids: object[]): void }

const own = (info: TensorInfo): Tensor => tf.engine().makeTensorFromTensorInfo(info)

const shader = (of: Tensor, rest: Omit<Shader, 'output'>): Tensor =>
  own(run(backend(), { output: of.shape, ...rest }))

/** b <- momentum b + g + decay w. */
export const momentumBuffer = (
  inputs: { w: Tensor; g: Tensor; b: Tensor },
  floats: { momentum: number; decay: number },
): Tensor =>
  shader(inputs.w, {
    name: 'momentum',
    inputs,
    floats,
    code: 'result[i] = uniforms.momentum * b[i] + (g[i] + uniforms.decay * w[i]);',
  })

/** w <- w - rate (g + decay w), or with the buffer b: w - rate (ofG (g + decay w) + ofB b). */
export const descend = (
  inputs: { w: Tensor; g: Tensor; b?: Tensor },
  floats: { rate: number; decay: number; ofG: number; ofB: number },
): Tensor => {
  const { w, g, b } = inputs
  return shader(w, {
    name: b ? 'descend with buffer' : 'descend',
    inputs: b ? { w, g, b } : { w, g },
    floats,
    code: `result[i] = w[i] - uniforms.rate * (uniforms.ofG * (g[i] + uniforms.decay * w[i])${b ? ' + uniforms.ofB * b[i]' : ''});`,
  })
}

/** m <- beta m + (1 - beta) x^power with x = g + decay w; `power` is 1 or 2. */
export const movingMean = (
  inputs: { w: Tensor; g: Tensor; m: Tensor },
  floats: { beta: number; rest: number; decay: number },
  power: 1 | 2,
): Tensor =>
  shader(inputs.w, {
    name: `moving mean ${power}`,
    inputs,
    floats,
    code: `let x = g[i] + uniforms.decay * w[i]; result[i] = uniforms.beta * m[i] + uniforms.rest * ${power === 1 ? 'x' : 'x * x'};`,
  })

/** w <- w - (pull w + pace m / (sqrt(v) + floor)). */
export const adaptive = (
  inputs: { w: Tensor; m: Tensor; v: Tensor },
  floats: { pull: number; pace: number; floor: number },
): Tensor =>
  shader(inputs.w, {
    name: 'adaptive',
    inputs,
    floats,
    code: 'result[i] = w[i] - (uniforms.pull * w[i] + uniforms.pace * m[i] / (sqrt(v[i]) + uniforms.floor));',
  })

/** Sum of squares of each tensor, in single precision; one read for all. */
export function squaredNorms(tensors: readonly Tensor[]): number[] {
  const sums = tensors.map((x) =>
    own(sumRows(backend(), { name: 'squared', inputs: { x }, term: 'x[p] * x[p]', rows: x.size, c: 1 })),
  )
  prefetch(sums)
  const values = sums.map((sum) => sum.dataSync()[0]!)
  tf.dispose(sums)
  return values
}

/** Brings values to this side in one copy, where each read alone would wait for the GPU. Nothing on other back ends. */
export function prefetch(tensors: Iterable<Tensor>): void {
  if (isWebgpu()) backend().prefetch([...tensors].map(({ dataId }) => dataId))
}
