import type { LayerNode, ParameterInfo } from '../../network/types'
import type { RandomStream } from '../../random'
import type { OwnedParameter } from '../types'
import type { Cut } from './cuts'
import type { Options } from './meta'

export type Net = 'student' | 'teacher'

/** What takes a map from one network to the other at a cut: a 1x1 convolution, then bilinear interpolation. */
export interface Adapter {
  /** `adapter.<cut, from 1>.to_student`, or `to_teacher`. */
  name: string
  from: readonly number[]
  to: readonly number[]
}

/**
 * The adapter into `net` at a cut; undefined where the map fits as it is.
 * @param index of the cut, from 0; the last one leads to the head, so only the student's side has one
 */
export function adapterAt(
  cuts: readonly Cut[],
  index: number,
  net: Net,
  { adapters }: Pick<Options, 'adapters'>,
): Adapter | undefined {
  const from = cuts[index]![net === 'student' ? 'teacher' : 'student'].shape
  const to = cuts[index]![net].shape
  if (adapters === 'needed' && from.every((size, axis) => size === to[axis])) return undefined
  return { name: `adapter.${index + 1}.to_${net}`, from, to }
}

/** Every adapter that some path can need, bottom up. */
export function adaptersOf(cuts: readonly Cut[], options: Pick<Options, 'adapters'>): Adapter[] {
  return cuts.flatMap((_, index) => {
    const nets: Net[] = index < cuts.length - 1 ? ['student', 'teacher'] : ['student']
    return nets.flatMap((net) => adapterAt(cuts, index, net, options) ?? [])
  })
}

const channelsOf = ({ from, to }: Adapter): [inputs: number, outputs: number] => [from[2]!, to[2]!]

/** Layers of an adapter behind `input`. */
export function adapterNodes({ name, from, to }: Adapter, input: string): LayerNode[] {
  const common = { stage: 'adapters', block: '' }
  const convolution: LayerNode = {
    ...common,
    name,
    op: { kind: 'conv2d', filters: to[2]!, kernel: [1, 1], strides: [1, 1], padding: 'valid', bias: true },
    inputs: [input],
    parameters: { kernel: `${name}.weight`, bias: `${name}.bias` },
  }
  if (from[0] === to[0] && from[1] === to[1]) return [convolution]
  const size = [to[0]!, to[1]!] as const
  return [
    convolution,
    { ...common, name: `${name}.resize`, op: { kind: 'resize', size }, inputs: [name], parameters: {} },
  ]
}

/**
 * Kernel and bias. Square kernels begin as the identity, so that the same network twice is the same network; others
 * have orthonormal rows or columns, which keep lengths (strategies.md section 3.10).
 */
export function adapterParameters(adapter: Adapter, random: RandomStream): OwnedParameter[] {
  const [inputs, outputs] = channelsOf(adapter)
  const { name } = adapter
  const info = (role: 'kernel' | 'bias'): OwnedParameter['info'] => ({
    name: `${name}.${role === 'kernel' ? 'weight' : 'bias'}`,
    layer: name,
    role,
    buffer: false,
    shape: role === 'kernel' ? [1, 1, inputs, outputs] : [outputs],
    origin: role === 'kernel' ? 'OIHW' : 'as-is',
    pretrained: false,
    owned: { stage: 'adapters', kind: 'conv2d' },
  })
  const kernel = inputs === outputs ? identity(inputs) : orthogonal(inputs, outputs, random)
  return [
    { info: info('kernel'), initial: kernel },
    { info: info('bias'), initial: new Float32Array(outputs) },
  ]
}

export const isAdapter = ({ owned }: ParameterInfo): boolean => owned?.stage === 'adapters'

function identity(size: number): Float32Array {
  const values = new Float32Array(size * size)
  for (let i = 0; i < size; i++) values[i * size + i] = 1
  return values
}

/** [inputs, outputs] with orthonormal rows or columns, whichever are fewer: Gram-Schmidt on normals. */
function orthogonal(inputs: number, outputs: number, random: RandomStream): Float32Array {
  const [count, length] = inputs < outputs ? [inputs, outputs] : [outputs, inputs]
  const vectors: Float64Array[] = []
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({ length }, () => random.normal())
    for (const other of vectors) {
      let dot = 0
      for (let j = 0; j < length; j++) dot += vector[j]! * other[j]!
      for (let j = 0; j < length; j++) vector[j]! -= dot * other[j]!
    }
    const norm = Math.hypot(...vector)
    vectors.push(vector.map((value) => value / norm))
  }
  const values = new Float32Array(inputs * outputs)
  for (let i = 0; i < inputs; i++)
    for (let j = 0; j < outputs; j++)
      values[i * outputs + j] = inputs < outputs ? vectors[i]![j]! : vectors[j]![i]!
  return values
}
