import type { ParameterInfo, PlainValue } from '../network/types'

/**
 * Values in another order of axes.
 * @param shape of `data`
 * @param order which source axis each axis of the result is
 */
export function permute(
  data: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1))
  const dims = order.map((axis) => shape[axis]!)
  const steps = order.map((axis) => strides[axis]!)
  const out = new Float32Array(data.length)
  const index = dims.map(() => 0)
  let from = 0
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from]!
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis]!
      if (++index[axis]! < dims[axis]!) break
      from -= steps[axis]! * dims[axis]!
      index[axis] = 0
    }
  }
  return out
}

/** Shape that a parameter has in its file of origin. */
export function originShape(info: Pick<ParameterInfo, 'shape' | 'origin'>): number[] {
  const s = info.shape
  switch (info.origin) {
    case 'OIHW':
      return [s[3]!, s[2]!, s[0]!, s[1]!]
    case 'C1HW':
      return [s[2]! * s[3]!, 1, s[0]!, s[1]!]
    case '[out,in]':
      return [s[1]!, s[0]!]
    case 'as-is':
      return [...s]
  }
}

/** From the file's layout to ours. */
export function fromOrigin(info: ParameterInfo, data: Float32Array): PlainValue {
  const shape = [...info.shape]
  const [h, w, c, m] = shape as [number, number, number, number]
  switch (info.origin) {
    case 'OIHW':
      return { shape, data: permute(data, originShape(info), [2, 3, 1, 0]) }
    case 'C1HW':
      return { shape, data: permute(data, [c, m, h, w], [2, 3, 0, 1]) }
    case '[out,in]':
      return { shape, data: permute(data, originShape(info), [1, 0]) }
    case 'as-is':
      return { shape, data }
  }
}

/** From our layout to the file's. */
export function toOrigin(info: Pick<ParameterInfo, 'shape' | 'origin'>, data: Float32Array): PlainValue {
  const shape = originShape(info)
  switch (info.origin) {
    case 'OIHW':
      return { shape, data: permute(data, info.shape, [3, 2, 0, 1]) }
    case 'C1HW':
      return { shape, data: permute(data, info.shape, [2, 3, 0, 1]) }
    case '[out,in]':
      return { shape, data: permute(data, info.shape, [1, 0]) }
    case 'as-is':
      return { shape, data }
  }
}
