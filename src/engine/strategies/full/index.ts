import { batchNormModes } from '../batchNorm'
import type { Strategy } from '../types'
import { meta } from './meta'

/** All parameters from the pre-trained values; the head has ten times the rate. */
export const full: Strategy<Record<string, never>> = {
  meta,
  plan: ({ spec, steps }) => [
    { name: 'fine-tune', steps, trains: () => true, batchNorm: batchNormModes(spec, () => true) },
  ],
}
