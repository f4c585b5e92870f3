import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import type { TensorInfo } from '../tf'

export type { WebGPUBackend }

/** A compute shader that is run once for each value of its output. */
export interface Shader {
  /** Two shaders of one name have the same code: a pipeline is compiled once. */
  name: string
  /** Shape of the output. */
  output: readonly number[]
  dtype?: 'float32' | 'int32'
  /** By the name that the code uses; the code must read every one. */
  inputs: Record<string, TensorInfo>
  /** By the name that the code uses, with `uniforms.` before it. */
  integers?: Record<string, number>
  floats?: Record<string, number>
  /** WGSL: the body of a function of `i` (i32), which writes `result[i]`. */
  code: string
}

const group = 64

/** Runs a shader; the result is the caller's. */
export function run(backend: WebGPUBackend, shader: Shader): TensorInfo {
  const { name, inputs, integers = {}, floats = {}, dtype = 'float32' } = shader
  const output = [...shader.output]
  const size = output.reduce((a, b) => a * b, 1)
  const uniforms = [
    ...Object.entries(integers).map(([key, value]) => ({ key, value, type: 'int32', word: 'i32' })),
    ...Object.entries(floats).map(([key, value]) => ({ key, value, type: 'float32', word: 'f32' })),
  ]
  return backend.runWebGPUProgram(
    {
      outputShape: output,
      variableNames: Object.keys(inputs),
      dispatchLayout: { x: output.map((_, axis) => axis) },
      dispatch: [Math.ceil(size / group), 1, 1],
      workgroupSize: [group, 1, 1],
      size: true,
      shaderKey: `thaw ${name}`,
      uniforms: uniforms.map(({ key, word }) => `${key} : ${word},`).join(' '),
      getUserCode: () => `fn main(i : i32) { if (i < uniforms.size) { ${shader.code} } }`,
    },
    Object.values(inputs),
    dtype,
    uniforms.map(({ type, value }) => ({ type, data: [value] })),
  )
}

/** For results that another shader has read. */
export const release = (backend: WebGPUBackend, ...tensors: TensorInfo[]): void => {
  for (const { dataId } of tensors) backend.disposeData(dataId)
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
