import { hasKernels, inPlace, isNative, tf } from '../backend'
import type { ParameterBank } from '../network/types'
import type { StatisticsUpdate } from './objective'

/**
 * Moves the running statistics as PyTorch does: running = (1 - m) running + m batch, the variance with Bessel's
 * correction n / (n - 1). Only batch norms in mode `train` are among the statistics.
 */
export function applyStatistics(bank: ParameterBank, statistics: readonly StatisticsUpdate[]): void {
  const moves = statistics.flatMap(({ mean, variance, momentum, batch }) => {
    const bessel = batch.count > 1 ? batch.count / (batch.count - 1) : 1
    return [
      { name: mean, y: batch.mean, a: 1 - momentum, b: momentum },
      { name: variance, y: batch.variance, a: 1 - momentum, b: momentum * bessel },
    ].map((move) => ({ ...move, x: bank.get(move.name) }))
  })
  const moved =
    isNative() && hasKernels()
      ? inPlace.blend(moves)
      : moves.map(({ x, y, a, b }) => tf.tidy(() => tf.add(tf.mul(x, a), tf.mul(y, b))))
  moves.forEach(({ name }, i) => bank.set(name, moved[i]!))
}
