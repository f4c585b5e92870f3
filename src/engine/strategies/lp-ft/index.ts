import type { z } from 'zod'
import { batchNormModes } from '../batchNorm'
import type { Phase, Strategy } from '../types'
import { meta, type options } from './meta'

/** Linear probe, then full fine-tuning from the probe's head, on running statistics (the authors' `valmode`). */
export const lpFt: Strategy<z.output<typeof options>> = {
  meta,
  headFactor: ({ headFactor }) => headFactor,
  standardisesHead: ({ solver, standardise }) => solver === 'lbfgs' && standardise,
  plan: ({ spec, steps }, { solver, probeSteps, l2, mirror, iterations, standardise }) => {
    const head = {
      name: 'probe',
      trains: (p: { pretrained: boolean }) => !p.pretrained,
      batchNorm: () => 'frozen' as const,
    }
    const length = solver === 'lbfgs' ? 0 : Math.min(steps, probeSteps ?? Math.max(1, Math.floor(steps / 3)))
    const probe: Phase =
      solver === 'lbfgs'
        ? {
            ...head,
            steps: 0,
            solve: { l2, mirror, iterations, standardise: standardise ? 'layer' : 'none' },
          }
        : { ...head, steps: length }
    const tune: Phase = {
      name: 'fine-tune',
      steps: steps - length,
      trains: () => true,
      batchNorm: batchNormModes(spec, () => true),
      restartsSchedule: true,
    }
    return [probe, tune]
  },
}
