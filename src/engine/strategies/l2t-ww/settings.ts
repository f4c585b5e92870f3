import { UserError } from '../../../spec/types'
import type { ResolvedSpec } from '../../../spec/schema'
import { learnsWeights } from './metaNetworks'
import type { Options } from './meta'

/** Whether the meta-networks are taught: there is something to learn, and something that it can change. */
export const looksAhead = (options: Options): boolean =>
  learnsWeights(options) && options.beta > 0 && options.metaRate > 0 && options.transferSteps > 0

/**
 * The recurrence of the outer gradient is that of plain SGD with momentum.
 * @throws UserError for an update that it does not describe
 */
export function checkOptimizer({ train }: ResolvedSpec): void {
  const { name, nesterov, clipNorm, accumulate } = train.optimizer
  const refuse = (field: string, is: string, instead: string): never => {
    throw new UserError(
      `train.${field}: l2t-ww differentiates through its steps, which are SGD with momentum, and ${is}; ${instead}, or set strategy.metaRate to 0 (fixed meta-networks)`,
    )
  }
  if (name !== 'sgd') refuse('optimizer.name', `this is ${name}`, 'write "sgd" with a rate like 0.05')
  if (nesterov) refuse('optimizer.nesterov', 'Nesterov’s form is another', 'leave it out')
  if (clipNorm !== undefined)
    refuse('optimizer.clipNorm', 'a clipped gradient is another function of the weights', 'leave it out')
  if (accumulate > 1)
    refuse('optimizer.accumulate', 'a look-ahead is of one batch', 'leave it out and set train.batchSize')
  if (train.precision !== 'float32')
    refuse('precision', `${train.precision} is too coarse for second derivatives`, 'write "float32"')
}
