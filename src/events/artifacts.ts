/** What the files in `artifacts/` of a run folder hold; each is announced by an `artifact` event. */

/** `predictions-SPLIT.json`: what the network said of each image, by columns; rewritten at each evaluation of the split. */
export interface PredictionTable {
  v: 1
  step: number
  split: 'train' | 'val' | 'test'
  classes: string[]
  /** Images of the split; the columns hold at most 20,000 of them, the worst ones first when there are more. */
  total: number
  /** Relative to the data's root. */
  paths: string[]
  /** Index of the true class. */
  labels: number[]
  /** The most and the second most probable class. */
  predicted: number[]
  second: number[]
  /** Probabilities of those two and of the true class, 3 decimals. */
  confidence: number[]
  runnerUp: number[]
  truth: number[]
}

/**
 * `thumbnails-SPLIT.json`: which images have a picture of at most 64 px beside it, as `thumbnails-SPLIT/NUMBER.jpg`.
 */
export interface ThumbnailTable {
  v: 1
  split: 'train' | 'val' | 'test'
  /** Number by path. */
  numbers: Record<string, number>
}

/** `weights.json`: how the values of each layer lie now and lay in w0; rewritten at each checkpoint. */
export interface WeightTable {
  v: 1
  step: number
  layers: LayerWeights[]
}

export interface LayerWeights {
  name: string
  /** Values that are bit-equal with w0, of all (buffers left out). */
  equal: number
  count: number
  /** Of both histograms; equal bins. */
  low: number
  high: number
  w0: number[]
  now: number[]
  /** Of a batch norm: (mean - mean in w0) / sqrt(variance in w0 + eps) by channel, sorted, at most 64 quantiles. */
  drift?: number[]
}

/** `network.json`: how the layers are joined; written when an attempt starts, and again when filters are cut away. */
export interface NetworkTable {
  v: 1
  step: number
  architecture: string
  /** Each after all that it reads. */
  layers: NetworkLayer[]
}

export interface NetworkLayer {
  name: string
  stage: string
  block: string
  /** Of the operation: `conv2d`, `add`, … */
  kind: string
  /** What tells it from others of its kind: `3×3, stride 2`. */
  about: string
  /** Layers whose outputs it reads, by index. */
  inputs: number[]
  /** Of its output for one image: [height, width, channels] or [channels]. */
  shape: number[]
  /** Values, buffers included. */
  parameters: number
  /** For one image, as papers count them. */
  multiplyAdds: number
}
