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
