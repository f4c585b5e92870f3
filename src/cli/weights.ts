import { CheckpointStore } from '../events'

/** Whether the newest weights of two runs are the same bytes; undefined when they are not of the same step. */
export function sameWeights(one: string, other: string): boolean | undefined {
  const [a, b] = [new CheckpointStore(one), new CheckpointStore(other)]
  const step = a.latest()
  if (step === undefined || step !== b.latest()) return undefined
  const [left, right] = [a, b].map((store) => store.load(step).get('weights.safetensors'))
  return left !== undefined && right !== undefined ? Buffer.from(left).equals(right) : undefined
}
