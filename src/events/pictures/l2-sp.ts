/** Counts of values on a logarithmic axis: `counts[i]` lie from 10^((from + i) / perDecade) to the next edge. */
export interface LogHistogram {
  /** Bins a factor of ten. */
  perDecade: number
  /** Index of the first bin that is not empty; 0 begins at 1. Values beyond the axis are in its outermost bins. */
  from: number
  counts: number[]
  /** Values that are exactly 0, which have no place on the axis. */
  zeros: number
}

/**
 * Picture `filter-distances` of `l2-sp`: how far each filter is from its pre-trained value, ||w - w0|| / ||w0||, a row a
 * kernel. A filter is what feeds one output channel. At most about 100 kB for 500 layers.
 */
export interface FilterDistances {
  v: 1
  rows: {
    /** The layer, and its stage; adding the rows of a stage gives the stage's histogram. */
    layer: string
    stage: string
    filters: number
    /** How many lie exactly at the pre-trained value. */
    atStart: number
    /** Median of the relative distance, zeros among them. */
    median: number
    histogram: LogHistogram
  }[]
}

/**
 * Picture `fisher` of `l2-sp`: the diagonal of the Fisher information, a row a parameter. At most about 60 kB for 500
 * layers.
 */
export interface FisherPicture {
  v: 1
  /** What it was estimated on. */
  data: 'source' | 'target' | 'given'
  /** Whose labels: the classifier of the model file, or a head fitted for this. Missing when it was given. */
  head?: 'own' | 'fitted'
  images: number
  /** Mean over all rows' values. */
  mean: number
  rows: { parameter: string; values: number; mean: number; histogram: LogHistogram }[]
}
