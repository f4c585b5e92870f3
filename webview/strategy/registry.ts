import { views as adafilter } from './adafilter/figures'
import { views as delta } from './delta/figures'
import { views as fitnets } from './fitnets/figures'
import { views as hybrid } from './hybrid-forward/figures'
import { views as l2sp } from './l2-sp/figures'
import { views as l2t } from './l2t-ww/figures'
import { views as spottune } from './spottune/figures'
import { views as transtailor } from './transtailor/figures'
import type { PictureView } from './types'

/** How each picture that a strategy may tell is shown, in the order in which they stand. */
export const views: readonly PictureView[] = [
  ...l2sp,
  ...delta,
  ...transtailor,
  ...spottune,
  ...adafilter,
  ...l2t,
  ...fitnets,
  ...hybrid,
]
