import { tf, type Tensor } from '../../backend'
import type { RandomStream } from '../../random'
import { shuffled } from './gates'

/** What takes the place of a network's own hard gates, for the comparison at the end of a run. */
export function otherGates(random: RandomStream): ReadonlyMap<string, (gates: Tensor) => Tensor> {
  return new Map<string, (gates: Tensor) => Tensor>([
    ['own', (gates) => gates],
    ['all-tuned', (gates) => tf.onesLike(gates)],
    ['all-frozen', (gates) => tf.zerosLike(gates)],
    ['random', (gates) => tf.tensor(coins(random, gates.size), gates.shape)],
    ['shuffled', shuffled],
  ])
}

const coins = (random: RandomStream, count: number): Float32Array =>
  Float32Array.from({ length: count }, () => random.integer(2))
