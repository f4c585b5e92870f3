/** One network on the way: round 0 is the whole one with its fitted head. */
export interface TransTailorRound {
  round: number
  /** For one image. */
  multiplyAdds: number
  /** Filters cut in this round. */
  cut: number
  /** Validation accuracy, 0 to 1: with trained factors before the cut, right after it, and right after the transform. */
  before?: number
  afterCut?: number
  afterTransform?: number
  /** When the round was tuned. */
  accuracy?: number
  balancedAccuracy?: number
  /** 95 % interval of the balanced accuracy. */
  low?: number
  high?: number
  /** The drop stayed within tau. */
  accepted?: boolean
}

/** Counts in equal bins from `low` to `high`. */
export interface Histogram {
  low: number
  high: number
  counts: number[]
}

/** Filters that are cut together, by the convolution that makes them. */
export interface TransTailorLayer {
  layer: string
  stage: string
  block: string
  filters: number
  kept: number
  /** Importance at marks spread evenly over the filters before the last cut, most important first; at most 40. */
  importance: number[]
  /** Whether the filter at each mark was kept. */
  keptMarks: boolean[]
  alpha?: Histogram
  beta?: Histogram
}

/** Picture `transtailor`: which filters were kept, and what each cut cost in accuracy. */
export interface TransTailorPicture {
  v: 1
  /** Round that the run stands in; 0 while the head is fitted. */
  round: number
  rounds: number
  /** Share of the original multiply-adds a round, and points of accuracy. */
  budget: number
  tau: number
  scaleMode: string
  selection: string
  /** Validation images that accuracies are of. */
  images: number
  curve: TransTailorRound[]
  layers: TransTailorLayer[]
  /** Round whose network the run would end with now. */
  chosen?: number
}
