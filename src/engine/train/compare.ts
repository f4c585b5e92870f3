import type { Tensor } from '@tensorflow/tfjs-core'
import { compared, comparedOnHeap, hasKernels, isNative, prefetch, type Compared } from '../backend'
import { floats } from '../optim/floats'

type Pair = readonly [a: Tensor, b?: Tensor]

/**
 * Compares pairs of tensors of one size, all in one read: where they lie on native and wasm, else as values. `b` left out:
 * zeros. Sums are in double precision.
 */
export function compareAll(pairs: readonly Pair[]): Compared[] {
  if (isNative() && hasKernels()) return compared(pairs)
  const onHeap = comparedOnHeap(pairs)
  if (onHeap) return onHeap
  prefetch(pairs.flatMap(([a, b]) => (b ? [a, b] : [a])))
  return pairs.map(([a, b]) => compareValues(floats(a), b && floats(b)))
}

function compareValues(a: Float32Array, b?: Float32Array): Compared {
  let [squares, of, largest, differ] = [0, 0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b ? b[i]! : 0]
    const d = x - y
    const size = Math.abs(d)
    if (size > largest) largest = size
    if (x !== y) differ++
    squares += d * d
    of += y * y
  }
  // a comparison with NaN is false: the squares tell whether there was one
  return { squares, of, largest: Number.isNaN(squares) ? NaN : largest, differ }
}
