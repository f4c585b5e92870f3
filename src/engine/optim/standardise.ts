/** Scales of features, kept as a layer before the head: (x - mean) / std. */
export interface Standardisation {
  mean: Float64Array
  /** 1 for a feature that is constant. */
  std: Float64Array
}

/** `feature`: each by its own scale; `global`: one mean and std for all (Kumar et al.'s LP-FT code). */
export type StandardiseMode = 'feature' | 'global' | 'none'

/** Mean and population standard deviation of `count x width` features. */
export function measureScales(
  features: ArrayLike<number>,
  count: number,
  width: number,
  mode: StandardiseMode,
): Standardisation {
  const mean = new Float64Array(width)
  const std = new Float64Array(width).fill(1)
  if (mode === 'none' || count === 0) return { mean, std }
  for (let i = 0; i < count; i++) for (let j = 0; j < width; j++) mean[j]! += features[i * width + j]! / count
  if (mode === 'global') mean.fill(mean.reduce((sum, value) => sum + value, 0) / width)
  const squares = new Float64Array(width)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < width; j++) squares[j]! += (features[i * width + j]! - mean[j]!) ** 2 / count
  if (mode === 'global') squares.fill(squares.reduce((sum, value) => sum + value, 0) / width)
  // below this a spread is rounding of the sums: dividing by it would blow noise up to a feature
  for (let j = 0; j < width; j++) {
    const spread = Math.sqrt(squares[j]!)
    if (spread > 1e-7 * Math.abs(mean[j]!) && spread > 0) std[j] = spread
  }
  return { mean, std }
}

export function standardise(
  features: ArrayLike<number>,
  count: number,
  width: number,
  { mean, std }: Standardisation,
): Float64Array {
  const scaled = new Float64Array(count * width)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < width; j++) scaled[i * width + j] = (features[i * width + j]! - mean[j]!) / std[j]!
  return scaled
}
