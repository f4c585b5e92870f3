/**
 * Picture `pairs` of `l2t-ww`, after each evaluation and phase: which of the teacher's maps go where, and how much of
 * each. At most about 90 kB for 64 pairs.
 */
export interface L2tPicture {
  v: 1
  /** Rows and columns of the matrix, bottom up. */
  teacher: MatchedMap[]
  student: MatchedMap[]
  beta: number
  /** Whether weights of channels and strengths of pairs are learned; both false is the ablation. */
  learns: { channels: boolean; strengths: boolean }
  /** On 32 training images. */
  pairs: {
    /** Indices into `teacher` and `student`. */
    at: [teacher: number, student: number]
    /** Mean of lambda over images, and its standard deviation among them. */
    strength: number
    spread: number
    /** Perplexity of the mean weights of channels as a share of the channels: 1 is flat. */
    perplexity: number
    /** C w_c, mean over images, greatest first, at most 64 evenly spaced ranks; 1 counts like the mean channel. */
    bars: number[]
    /** Share of the transfer loss of the last step; missing before the first. */
    share?: number
    /** Norm of the last outer gradient by this pair's meta-networks; missing before the first look-ahead. */
    gradient?: number
  }[]
  /** Mean strength by pair, in the order of `pairs`, over the batch of some steps; at most 4,000 numbers. */
  history: { step: number; strengths: number[] }[]
  /** Of the last look-ahead. */
  outer?: {
    /** Cross-entropy after the transfer steps, and after the step on cross-entropy: what the meta-networks are taught by. */
    before: number
    after: number
    /** What the update of the meta-networks changes `after` by, to first order. */
    change: number
  }
}

export interface MatchedMap {
  name: string
  side: number
  channels: number
}
