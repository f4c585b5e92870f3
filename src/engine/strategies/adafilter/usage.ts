const RANKS = 40

/** |logit| below which p lies between 0.4 and 0.6. */
const FENCE = Math.log(0.6 / 0.4)

/** Sums over the images of one evaluation, by filter. */
export class FilterUsage {
  private readonly sums: Float64Array[]
  private gates = 0
  private fence = 0
  private images = 0

  /** @param filters of each layer */
  constructor(filters: readonly number[]) {
    this.sums = filters.map((count) => new Float64Array(count))
  }

  /** Gates and logits [n, filters] of one layer. @returns the share of gates that are 1, by image */
  add(layer: number, gates: ArrayLike<number>, logits: ArrayLike<number>): number[] {
    const sums = this.sums[layer]!
    const images = gates.length / sums.length
    if (layer === 0) this.images += images
    this.gates += gates.length
    return Array.from({ length: images }, (_, i) => {
      let taken = 0
      for (let k = 0; k < sums.length; k++) {
        const at = i * sums.length + k
        sums[k]! += gates[at]!
        taken += gates[at]!
        if (Math.abs(logits[at]!) < FENCE) this.fence++
      }
      return taken / sums.length
    })
  }

  clear(): void {
    for (const sums of this.sums) sums.fill(0)
    this.gates = this.fence = this.images = 0
  }

  /** Undefined before any image. */
  summary(): { filters: number[][]; onTheFence: number } | undefined {
    if (this.images === 0) return undefined
    const filters = this.sums.map((sums) => {
      const sorted = Array.from(sums, (sum) => Math.round((100 * sum) / this.images)).sort((a, b) => b - a)
      if (sorted.length <= RANKS) return sorted
      return Array.from({ length: RANKS }, (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / RANKS)]!)
    })
    return { filters, onTheFence: Math.round((100 * this.fence) / this.gates) }
  }
}
