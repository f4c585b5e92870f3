/**
 * Picture `attention` of `delta`, once before fine-tuning: how firmly each channel is held. At most about 300 kB for 500
 * hooked layers.
 */
export interface DeltaPicture {
  v: 1
  alpha: number
  attention: 'filters' | 'gradient' | 'uniform' | 'given'
  recipe: 'release' | 'paper'
  layers: {
    layer: string
    stage: string
    channels: number
    /** C W_j, greatest first, at most 64 evenly spaced ranks; 1 is held like the mean channel. */
    bars: number[]
    /** Of the weights, as a share of the channels: 1 is flat, and then attention does nothing. */
    perplexity: number
    /** Share of channels without which the loss falls. */
    negative: number
  }[]
}

/**
 * Picture `feature-distance` of `delta`, after each evaluation and phase: how far feature maps are from the pre-trained
 * network's, on eight training images in evaluation mode. At most about 700 kB for 500 hooked layers, 11 kB for eight.
 */
export interface FeatureDistances {
  v: 1
  layers: {
    layer: string
    stage: string
    /** Mean square of FM(w) - FM(w0) over images, positions and channels. */
    mean: number
    /** C W_j and the mean square of channel j, greatest attention first, at most 64 evenly spaced ranks. */
    points: [attention: number, distance: number][]
  }[]
}
