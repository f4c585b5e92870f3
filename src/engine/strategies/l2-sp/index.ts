import type { z } from 'zod'
import { batchNormModes } from '../batchNorm'
import type { Phase, Strategy } from '../types'
import { meta, type options } from './meta'
import { l2spPenalty, l2spPull } from './penalty'

/** Full fine-tuning with the L2-SP penalty in the place of weight decay. */
export const l2sp: Strategy<z.output<typeof options>> = {
  meta,
  plan: ({ spec, graph, steps }, { form, ...strengths }) => {
    const adaptive = spec.train.optimizer.name !== 'sgd'
    const decoupled = form === 'decoupled' || (form === 'auto' && adaptive)
    const parameters = [...graph.parameters.values()]
    const objective: Pick<Phase, 'pull' | 'terms'> = decoupled
      ? { pull: (parameter, before, w0) => l2spPull(parameter, before, w0, strengths) }
      : { terms: [{ name: 'l2-sp', value: (view) => l2spPenalty(view, parameters, strengths) }] }
    return [
      {
        name: 'fine-tune',
        steps,
        trains: () => true,
        batchNorm: batchNormModes(spec, () => true),
        // two decays on one weight would fight each other
        weightDecay: () => 0,
        ...objective,
      },
    ]
  },
}
