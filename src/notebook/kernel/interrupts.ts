import { Worker } from 'node:worker_threads'
import { Interrupted } from '../interrupted'

/** Numbers shared with the watching thread. */
const Flag = {
  /** Interrupts asked for so far. */
  asked: 0,
  /** The engine computes: breaking it off would leave a session half way through a step. */
  working: 1,
  /** Turns of the main thread's event loop. */
  turns: 2,
  /** A cell runs. */
  running: 3,
} as const

/** How long the main thread may stand still after an interrupt before its code is broken off. */
const STILL_MS = 400
/** How often the main thread shows that it turns. */
const TURN_MS = 100

/**
 * Watches from a thread of its own, since an endless loop lets no message through: it reads the front end's wishes from
 * a pipe, and breaks off JavaScript that does not come back. `Runtime.terminateExecution` is the one way to do that to
 * code after its first `await`.
 */
const WATCHER = `
const { workerData: { flags, fd, still } } = require('node:worker_threads')
const { Socket } = require('node:net')
const { Session } = require('node:inspector')
const socket = new Socket({ fd, readable: true, writable: false })
socket.on('error', () => {})
socket.on('data', () => {
  const asked = Atomics.add(flags, ${Flag.asked}, 1) + 1
  let turns = Atomics.load(flags, ${Flag.turns})
  const look = () => {
    if (Atomics.load(flags, ${Flag.running}) === 0 || Atomics.load(flags, ${Flag.asked}) !== asked) return
    const now = Atomics.load(flags, ${Flag.turns})
    const stands = now === turns && Atomics.load(flags, ${Flag.working}) === 0
    turns = now
    if (stands) {
      const session = new Session()
      session.connectToMainThread()
      session.post('Runtime.terminateExecution', () => session.disconnect())
    }
    setTimeout(look, still)
  }
  setTimeout(look, still)
})
`

export class Interrupts {
  private readonly flags = new Int32Array(new SharedArrayBuffer(Object.keys(Flag).length * 4))
  private seen = 0
  private timer?: NodeJS.Timeout
  private listeners = new Set<() => void>()
  private over = false

  /** @param fd the pipe on which the front end sends a byte for each interrupt; undefined where there is none */
  constructor(fd: number | undefined) {
    if (fd === undefined) return
    const worker = new Worker(WATCHER, {
      eval: true,
      workerData: { flags: this.flags, fd, still: STILL_MS },
    })
    worker.on('error', (error) => process.stderr.write(`The watching thread failed: ${String(error)}\n`))
    worker.unref()
  }

  /** An interrupt has come since the cell began. */
  get interrupted(): boolean {
    return Atomics.load(this.flags, Flag.asked) !== this.seen
  }

  /** The same as a byte on the pipe, for front ends on which the pipe cannot be read. */
  ask(): void {
    Atomics.add(this.flags, Flag.asked, 1)
    this.look()
  }

  /** Begins a cell: older interrupts are none of its business. @returns what ends the watch */
  begin(onInterrupt: () => void): () => void {
    if (this.over) throw new Interrupted('The kernel is being shut down.')
    this.seen = Atomics.load(this.flags, Flag.asked)
    Atomics.store(this.flags, Flag.running, 1)
    this.listeners.add(onInterrupt)
    this.timer = setInterval(() => this.look(), TURN_MS)
    return () => {
      clearInterval(this.timer)
      this.listeners.delete(onInterrupt)
      Atomics.store(this.flags, Flag.running, 0)
    }
  }

  /** Ends what runs, and lets no cell begin any more. @param work what is done at the end; it is not broken off */
  end<T>(work: () => Promise<T>): Promise<T> {
    this.over = true
    this.ask()
    return this.working(work)
  }

  /** Runs engine work, which is never broken off in the middle. */
  async working<T>(work: () => Promise<T>): Promise<T> {
    Atomics.add(this.flags, Flag.working, 1)
    try {
      return await work()
    } finally {
      Atomics.sub(this.flags, Flag.working, 1)
    }
  }

  get isWorking(): boolean {
    return Atomics.load(this.flags, Flag.working) > 0
  }

  private look(): void {
    Atomics.add(this.flags, Flag.turns, 1)
    if (this.interrupted) for (const listener of this.listeners) listener()
  }
}
