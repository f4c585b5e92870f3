/**
 * Hands Dawn the processor when a caller waits for the GPU.
 *
 * Dawn's addon looks for finished work in a function that it passes to the global `setImmediate`. This remembers that
 * function, so that a synchronous read can call it until the data has come, where a browser would need a canvas.
 * An entry nobody waits for does not keep the process alive.
 */
class DawnEvents {
  /** What Dawn wants to be called, one function for each of its instances, with its place in Node's queue. */
  private readonly due = new Map<() => void, NodeJS.Immediate>()
  private waiting = 0
  private installed = false

  /** Puts itself in `setImmediate`'s place; every other caller gets Node's own. */
  install(): void {
    if (this.installed) return
    this.installed = true
    const own = globalThis.setImmediate
    const schedule = (run: (...args: unknown[]) => void, ...args: unknown[]): NodeJS.Immediate =>
      args.length || !isNative(run) ? own(run, ...args) : this.schedule(own, run)
    const { name: _, length: __, ...rest } = Object.getOwnPropertyDescriptors(own)
    globalThis.setImmediate = Object.defineProperties(schedule, rest) as typeof setImmediate
  }

  private schedule(own: typeof setImmediate, run: () => void): NodeJS.Immediate {
    const entry = own(() => {
      this.due.delete(run)
      run()
    })
    if (!this.waiting) entry.unref()
    this.due.set(run, entry)
    return entry
  }

  /** Keeps the process alive until `work` is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.waiting++
    for (const entry of this.due.values()) entry.ref()
    try {
      return await work
    } finally {
      if (--this.waiting === 0) for (const entry of this.due.values()) entry.unref()
    }
  }

  /** Blocks until `done`; false when Dawn has nothing more to wait for. */
  waitFor(done: () => boolean): boolean {
    for (let round = 0; !done(); round++) {
      const due = [...this.due]
      if (due.length === 0) return false
      for (const [run, entry] of due) {
        clearImmediate(entry)
        this.due.delete(run)
        run()
      }
      if (round > spins) Atomics.wait(nap, 0, 0, napMs)
    }
    return true
  }
}

/** One for the process, as its `setImmediate` is. */
export const events = new DawnEvents()

/** Small reads are back within microseconds; longer work should not cost a core. */
const spins = 200
const napMs = 0.05
const nap = new Int32Array(new SharedArrayBuffer(4))

/**
 * Functions of an addon have no name, no source and no parameters. Bound functions have a name, and what a promise hands
 * out to be resolved has a parameter: that one must keep the process alive.
 */
const isNative = (run: { name: string; length: number }): boolean =>
  run.name === '' && run.length === 0 && Function.prototype.toString.call(run).endsWith('{ [native code] }')
