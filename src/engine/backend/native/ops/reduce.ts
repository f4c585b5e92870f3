import type { Tensor } from '../../tf'
import { execute, free, handle, int, native, type } from './execute'

/** Sum of squares of each tensor, in single precision; one read for all. */
export function squaredNorms(tensors: readonly Tensor[]): number[] {
  if (tensors.length === 0) return []
  const halves = tensors.map((x) => execute('L2Loss', [type('T')], [handle(x)])[0]!.id)
  const packed = execute('Pack', [type('T'), int('N', halves.length), int('axis', 0)], halves)[0]!.id
  const values = native().binding.tensorDataSync(packed)
  free(packed, ...halves)
  return Array.from(values, (half) => 2 * half)
}
