import { adafilter } from './adafilter'
import { delta } from './delta'
import { fitnets } from './fitnets'
import { full } from './full'
import { gradual } from './gradual'
import { hybridForward } from './hybrid-forward'
import { l2sp } from './l2-sp'
import { l2tWw } from './l2t-ww'
import { lastK } from './last-k'
import { linearProbe } from './linear-probe'
import { lpFt } from './lp-ft'
import { scratch } from './scratch'
import { spottune } from './spottune'
import { transtailor } from './transtailor'
import type { Strategy } from './types'

/** Every strategy by its name in run files. A member gets the whole contract suite for free. */
export const strategies: ReadonlyMap<string, Strategy> = new Map(
  [
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
  ].map((strategy) => [strategy.meta.name, strategy as Strategy]),
)
