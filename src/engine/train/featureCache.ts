/** Features of images that cannot change, kept as plain arrays outside of the back end's memory. */
export class FeatureCache {
  private readonly kept = new Map<string, Float32Array>()
  private content = ''
  private bytes = 0

  constructor(private readonly limit = 512 * 2 ** 20) {}

  /** Names what the features are of (layer, input size and weights below it); another name forgets all. */
  use(content: string): void {
    if (content !== this.content) this.clear()
    this.content = content
  }

  get(key: string): Float32Array | undefined {
    return this.kept.get(key)
  }

  /** Keeps `features` unless the limit is reached: what is in stays in, since every epoch asks for all. */
  set(key: string, features: Float32Array): void {
    if (this.kept.has(key) || this.bytes + features.byteLength > this.limit) return
    this.bytes += features.byteLength
    this.kept.set(key, features)
  }

  get size(): number {
    return this.kept.size
  }

  clear(): void {
    this.kept.clear()
    this.bytes = 0
  }
}
