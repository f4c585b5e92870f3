import { UserError } from '../../../spec/types'
import type { Options } from './meta'

/**
 * Steps of the run that learn the hint alone.
 * @throws UserError when none is left for the task
 */
export function hintSteps({ training, hintSteps: asked }: Options, steps: number): number {
  if (training === 'joint') return 0
  const first = asked ?? Math.round(steps / 3)
  if (first > 0 && first >= steps)
    throw new UserError(
      `strategy.hintSteps: ${first} of ${steps} steps learn the hint and none is left for the task; write a smaller number or a larger train.steps`,
    )
  return first
}
