import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ownIdentity, type RunEventBody, type RunState } from '../events'
import { beat } from './beat'
import { bundleFile } from './bundles'
import { Cell, CELLS, HEARTBEAT_MS, STATES, type HeartbeatData } from './pulseCells'

/** Keeps `status.json` true: the trainer notes what it does, a worker thread writes every second. */
export class Pulse {
  private readonly data: HeartbeatData
  private readonly cells: Int32Array
  private worker?: Worker
  private timer?: NodeJS.Timeout
  private final?: RunState

  constructor(folder: string, attempt: number) {
    const shared = new SharedArrayBuffer(CELLS * 4)
    this.cells = new Int32Array(shared)
    this.data = { folder, attempt, identity: ownIdentity(), shared }
    this.set('preparing')
  }

  start(): void {
    beat(this.data)
    try {
      this.worker = new Worker(bundleFile('heartbeat.js'), { workerData: this.data })
      this.worker.on('error', (error) => this.fallBack(error))
      this.worker.unref()
    } catch (error) {
      this.fallBack(error)
    }
  }

  /** Without the worker the status is late while the main thread computes, which means slow and no more. */
  private fallBack(error: unknown): void {
    process.stderr.write(`The heartbeat thread failed, a timer takes its place: ${String(error)}\n`)
    this.worker = undefined
    this.timer = setInterval(() => beat(this.data), HEARTBEAT_MS).unref()
  }

  /** Takes from an event what the status shows. That the run has ended is shown by `stop`, as the very last thing. */
  note(event: RunEventBody): void {
    if (event.kind === 'step') Atomics.store(this.cells, Cell.step, event.step)
    else if (event.kind === 'state') this.set(event.state)
    else if (event.kind === 'run-ended') this.final = event.state
    else if (event.kind === 'run-started') {
      Atomics.store(this.cells, Cell.step, event.from)
      Atomics.store(this.cells, Cell.steps, event.steps)
      this.set('running')
    }
  }

  /** Optimizer steps done. */
  get step(): number {
    return Atomics.load(this.cells, Cell.step)
  }

  private set(state: RunState): void {
    Atomics.store(this.cells, Cell.state, STATES.indexOf(state))
    this.wake()
  }

  private wake(): void {
    Atomics.add(this.cells, Cell.wake, 1)
    Atomics.notify(this.cells, Cell.wake)
    if (this.timer) beat(this.data)
  }

  /** Writes the last status and ends the thread. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    if (this.final) Atomics.store(this.cells, Cell.state, STATES.indexOf(this.final))
    Atomics.store(this.cells, Cell.stop, 1)
    const { worker } = this
    this.worker = undefined
    if (!worker) return beat(this.data)
    worker.ref()
    const ended = once(worker, 'exit')
    this.wake()
    await ended
  }
}
