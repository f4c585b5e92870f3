import { views as adafilter } from './adafilter/figures'
import { views as delta } from './delta/figures'
import { views as fitnets } from './fitnets/figures'
import { views as hybrid } from './hybrid-forward/figures'
import { views as l2sp } from './l2-sp/figures'
import { views as l2t } from './l2t-ww/figures'
import { views as spottune } from './spottune/figures'
import { views as transtailor } from './transtailor/figures'
import type { PictureView } from './types'

/** How the pictures of each strategy that tells some are shown, in the order in which they stand. */
export const viewsOf: Readonly<Record<string, readonly PictureView[]>> = {
  'l2-sp': l2sp,
  delta,
  transtailor,
  spottune,
  adafilter,
  'l2t-ww': l2t,
  fitnets,
  'hybrid-forward': hybrid,
}

export const views: readonly PictureView[] = Object.values(viewsOf).flat()
