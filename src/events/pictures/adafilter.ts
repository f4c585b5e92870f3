import type { RoutedImages, RoutingAblation } from './routing'

/**
 * Picture `gates` of `adafilter`, after each evaluation: which filters were taken from the tuned bank. AdaFilter here is
 * a reconstruction, and a view says so. At most about 250 kB for 500 layers and any number of classes.
 */
export interface AdaFilterPicture {
  v: 1
  reconstruction: true
  /** Gated convolutions, bottom up; every list over layers is in this order. */
  layers: { layer: string; block: string; stage: string; filters: number }[]
  /** Of the evaluation; missing before the first. `percent` is over a layer's filters. */
  routed?: RoutedImages
  /**
   * How often each filter was taken tuned in that evaluation: whole percent, most used first, at most 40 values a layer
   * (evenly spaced ranks where there are more filters).
   */
  filters?: number[][]
  /** Whole percent of that evaluation's gates with p between 0.4 and 0.6. */
  onTheFence?: number
  /** Whole percent of gates that took the tuned bank in the last training step, by layer. */
  training?: number[]
  /** Mean norm of the recurrent state after each layer in the last training step. */
  stateNorm?: number[]
  /**
   * Mean over channels of |mean1 - mean2| / sqrt(variance2): how far the running statistics of the two banks' batch
   * norms are apart; null without a batch norm of its own for each.
   */
  normDistance: (number | null)[]
  /** Once, at the end of the run. */
  ablations?: RoutingAblation[]
}
