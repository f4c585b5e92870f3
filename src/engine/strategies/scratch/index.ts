import { batchNormModes } from '../batchNorm'
import type { Strategy } from '../types'
import { meta } from './meta'

/** All parameters from random values, one rate, batch statistics: there are no running statistics worth keeping. */
export const scratch: Strategy<Record<string, never>> = {
  meta,
  fromScratch: () => true,
  headFactor: () => 1,
  plan: ({ spec, steps }) => [
    { name: 'train', steps, trains: () => true, batchNorm: batchNormModes(spec, () => true, 'train') },
  ],
}
