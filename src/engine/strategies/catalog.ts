import { meta as adafilter } from './adafilter/meta'
import { meta as delta } from './delta/meta'
import { meta as fitnets } from './fitnets/meta'
import { meta as full } from './full/meta'
import { meta as gradual } from './gradual/meta'
import { meta as hybridForward } from './hybrid-forward/meta'
import { meta as l2sp } from './l2-sp/meta'
import { meta as l2tWw } from './l2t-ww/meta'
import { meta as lastK } from './last-k/meta'
import { meta as linearProbe } from './linear-probe/meta'
import { meta as lpFt } from './lp-ft/meta'
import { meta as scratch } from './scratch/meta'
import { meta as spottune } from './spottune/meta'
import { meta as transtailor } from './transtailor/meta'
import type { StrategyMeta } from './types'

/** What every front end may know about the strategies: no tensor library is loaded by this module. */
export const catalog: StrategyMeta[] = [
  scratch,
  linearProbe,
  lastK,
  full,
  gradual,
  lpFt,
  l2sp,
  delta,
  fitnets,
  l2tWw,
  hybridForward,
  transtailor,
  spottune,
  adafilter,
]
