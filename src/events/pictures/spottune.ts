import type { RoutedImages, RoutingAblation } from './routing'

/**
 * Picture `routing` of `spottune`, after each evaluation: which blocks ran tuned. At most about 60 kB for 160 blocks
 * (500 layers) and any number of classes.
 */
export interface SpotTunePicture {
  v: 1
  /** Bottom up; `percent` of all lists is in this order. */
  blocks: { label: string; stage: string }[]
  /** Of the evaluation; missing before the first. */
  routed?: RoutedImages
  /** Distinct routes among its images. */
  routes?: number
  /** The same route for every image: `k` is set, or no policy decides. */
  fixed?: boolean[]
  training: {
    /** Whole percent of training images that ran each block tuned, over about one epoch. */
    percent: number[]
    /** Since the picture before: share of drawn gates that are the policy's likelier side, 0 to 1. */
    agreement?: number
    /** Since the picture before: mean entropy of a gate in bits, 0 (certain) to 1. */
    entropy?: number
  }
  /** Once, at the end of the run. */
  ablations?: RoutingAblation[]
}
