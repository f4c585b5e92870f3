import { tf } from '../backend'
import type { ParameterBank } from '../network/types'
import type { StatisticsUpdate } from './objective'

/**
 * Moves the running statistics as PyTorch does: running = (1 - m) running + m batch, the variance with Bessel's
 * correction n / (n - 1). Only batch norms in mode `train` are among the statistics.
 */
export function applyStatistics(bank: ParameterBank, statistics: readonly StatisticsUpdate[]): void {
  for (const { mean, variance, momentum, batch } of statistics) {
    const move = (name: string, value: typeof batch.mean, scale: number) =>
      bank.set(
        name,
        tf.tidy(() => tf.add(tf.mul(bank.get(name), 1 - momentum), tf.mul(value, momentum * scale))),
      )
    move(mean, batch.mean, 1)
    move(variance, batch.variance, batch.count > 1 ? batch.count / (batch.count - 1) : 1)
  }
}
