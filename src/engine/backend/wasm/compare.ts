import type { Compared } from '../native/ops'
import { tf, type BackendWasm, type Tensor } from '../tf'
import { at, kernelsOf, withDoubles } from './heap'

type Pair = readonly [a: Tensor, b?: Tensor]

/**
 * Compares pairs of tensors on the heap of tfjs's wasm back end, as `compared` does on native. `b` left out: zeros.
 * @returns undefined where some value lies elsewhere
 */
export function comparedOnHeap(pairs: readonly Pair[]): Compared[] | undefined {
  if (tf.getBackend() !== 'wasm') return undefined
  const backend = tf.backend() as BackendWasm
  const { dataIdMap } = backend as unknown as { dataIdMap: { has(id: object): boolean } }
  const here = ({ dataId, dtype }: Tensor) => dtype === 'float32' && dataIdMap.has(dataId)
  if (!pairs.every(([a, b]) => here(a) && (!b || here(b)))) return undefined
  const { compare } = kernelsOf(backend)
  const values = withDoubles(backend, 4 * pairs.length, (out) =>
    pairs.forEach(([a, b], i) => compare(at(backend, a), b ? at(backend, b) : 0, out + 32 * i, a.size)),
  )
  return pairs.map((_, i) => {
    const [squares, of, largest, differ] = values.subarray(4 * i, 4 * i + 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    return { squares, of, largest: Number.isNaN(squares) ? NaN : largest, differ }
  })
}
