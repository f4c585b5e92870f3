import type { z } from 'zod'
import type { Strategy } from '../types'
import { meta, type options } from './meta'

/** The head alone; every backbone parameter and every running statistic stays as it was. */
export const linearProbe: Strategy<z.output<typeof options>> = {
  meta,
  plan: ({ steps }, { solver, l2, mirror, iterations, standardise }) => [
    {
      name: 'probe',
      steps: solver === 'sgd' ? steps : 0,
      trains: (parameter) => !parameter.pretrained,
      batchNorm: () => 'frozen',
      ...(solver === 'lbfgs' && {
        solve: { l2, mirror, iterations, standardise: standardise ? 'fold' : 'none' },
      }),
    },
  ],
}
