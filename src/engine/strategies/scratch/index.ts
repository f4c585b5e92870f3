import { batchNormModes } from '../batchNorm'
import type { Strategy } from '../types'
import type { z } from 'zod'
import { meta, type options } from './meta'

/** All parameters from random values, one rate, batch statistics: there are no running statistics worth keeping. */
export const scratch: Strategy<z.output<typeof options>> = {
  meta,
  fromScratch: () => true,
  headFactor: () => 1,
  plan: ({ spec, steps }, { batchNormMomentum }) => [
    {
      name: 'train',
      steps,
      trains: () => true,
      batchNorm: batchNormModes(spec, () => true, 'train'),
      batchNormMomentum,
    },
  ],
}
