import type { ClassShares, RoutedImages, RoutedSample } from '../../../events/pictures/routing'
import type { Item } from '../../data/types'

const CLASSES = 50
const SAMPLES = 24

const percent = (share: number): number => Math.round(100 * share)

/** Counts of gates over the images of one evaluation, by class and for a few images. */
export class RouteTally {
  private readonly seen = new Set<number>()
  private byClass = new Map<number, { images: number; sums: Float64Array }>()
  private samples = new Map<number, RoutedSample[]>()

  /** @param columns blocks or layers */
  constructor(
    private readonly columns: number,
    private readonly classes: readonly string[],
    private readonly items: readonly Item[],
  ) {}

  /** @param shares [items, columns], each the share of a column's gates that took the tuned branch */
  add(items: Int32Array, shares: ArrayLike<number>): void {
    // a second evaluation, or one of another split
    const [first] = this.seen
    const before = first === undefined ? undefined : this.items[first]!.split
    if (items.some((i) => this.seen.has(i) || (before && this.items[i]!.split !== before))) this.clear()
    items.forEach((item, row) => {
      this.seen.add(item)
      const { label, path } = this.items[item]!
      const own = Array.from({ length: this.columns }, (_, k) => shares[row * this.columns + k]!)
      const sums = this.byClass.get(label) ?? { images: 0, sums: new Float64Array(this.columns) }
      this.byClass.set(label, sums)
      sums.images++
      own.forEach((share, k) => (sums.sums[k]! += share))
      const shown = this.samples.get(label) ?? []
      this.samples.set(label, shown)
      if (shown.length < Math.max(1, Math.floor(SAMPLES / this.classes.length)))
        shown.push({ path, class: this.classes[label] ?? '', percent: own.map(percent) })
    })
  }

  clear(): void {
    this.seen.clear()
    this.byClass = new Map()
    this.samples = new Map()
  }

  /** Undefined before any image. */
  summary(): RoutedImages | undefined {
    const [first] = this.seen
    if (first === undefined) return undefined
    const images = this.seen.size
    const total = new Float64Array(this.columns)
    for (const { sums } of this.byClass.values()) sums.forEach((sum, k) => (total[k]! += sum))
    const byClass = [...this.byClass]
      .sort(([a, x], [b, y]) => y.images - x.images || a - b)
      .slice(0, CLASSES)
      .sort(([a], [b]) => a - b)
      .map(([label, { images: n, sums }]): ClassShares => ({
        class: this.classes[label] ?? '',
        images: n,
        percent: Array.from(sums, (sum) => percent(sum / n)),
      }))
    return {
      split: this.items[first]!.split,
      images,
      percent: Array.from(total, (sum) => percent(sum / images)),
      byClass,
      samples: [...this.samples]
        .sort(([a], [b]) => a - b)
        .flatMap(([, shown]) => shown)
        .slice(0, SAMPLES),
    }
  }
}
