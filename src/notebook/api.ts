import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { catalog } from '../engine/strategies/catalog'
import type { Metrics } from '../events/types'
import { ownOptions } from '../own/options'
import { formatProblem, parseRunFile } from '../spec'
import { UserError } from '../spec/types'
import { MemorySink } from './memorySink'
import { stepOutput, stepText } from './stepOutput'
import { DISPLAY_MIME } from './displays'
import type { StepReport, TrainingSession } from '../engine/train'

/** How a value shows itself as a cell's output: forms by MIME type. */
export const DISPLAY = Symbol.for('thaw.display')

export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** What some steps did: an array of reports that shows itself as a picture. */
export class Steps extends Array<StepReport> {
  static override get [Symbol.species]() {
    return Array
  }
  items: Record<string, unknown> = {}
  get [DISPLAY](): Record<string, unknown> {
    return this.items
  }
}

/** A training run in the notebook, one step at a time. */
export class Session {
  constructor(
    private readonly inner: TrainingSession,
    private readonly sink: MemorySink,
    private readonly stopped: () => boolean,
  ) {}

  /** Optimizer steps done. */
  get steps(): number {
    return this.inner.steps
  }

  /** Stages of the network, bottom up. */
  get stages(): string[] {
    return this.inner.setup.stages.map((stage) => stage.name)
  }

  /** Takes so many training steps; an interrupt ends between two of them and loses none. */
  async step(count = 1): Promise<Steps> {
    if (!Number.isInteger(count) || count < 1)
      throw new UserError(`step(${count}): give the number of steps, 1 or more`)
    const done = new Steps()
    while (done.length < count) {
      if (this.stopped())
        throw new Interrupted(`Interrupted; the session stands after step ${this.inner.steps}.`)
      const report = await this.inner.step(this.stopped)
      if (report) done.push(report)
      else if (!this.stopped()) break
    }
    if (done.length === 0)
      throw new UserError(`There are no steps left: the run file plans ${this.inner.setup.steps}.`)
    const output = stepOutput(this.inner, this.sink, done)
    done.items = { [DISPLAY_MIME.steps]: output, 'text/plain': stepText(output) }
    return done
  }

  /** Freezes layers or stages from here on. */
  async freeze(...layers: string[]): Promise<void> {
    await this.inner.apply({ do: 'freeze', layers }, 'notebook')
  }

  /** Lets layers or stages train from here on. */
  async unfreeze(...layers: string[]): Promise<void> {
    await this.inner.apply({ do: 'unfreeze', layers }, 'notebook')
  }

  /** Metrics on the held-out images with the weights of now. */
  async evaluate(split?: 'train' | 'val' | 'test'): Promise<Metrics> {
    return (await this.inner.evaluate(split)).metrics
  }

  /** Frees the session's memory. */
  async close(): Promise<void> {
    await this.inner.dispose()
  }

  get [DISPLAY](): Record<string, unknown> {
    const { setup, steps } = this.inner
    const { name, threads } = setup.backend
    const counts = setup.images.dataset.counts
    const text = [
      `${setup.spec.name ?? setup.strategy.meta.title}: step ${steps} of ${setup.steps}`,
      `${setup.layers.length} layers in ${setup.stages.length} stages, ${counts.train} training images, ${name}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    ]
    return { 'text/plain': text.join('\n') }
  }
}

/** What cells call `thaw`. */
export function createApi(base: string, stopped: () => boolean) {
  return {
    /** Opens a run file beside the notebook: loads network and data, and stands before the first step. */
    async open(file: string): Promise<Session> {
      const path = resolve(base, file)
      let text: string
      try {
        text = readFileSync(path, 'utf8')
      } catch {
        throw new UserError(`The run file ${file} cannot be read; give its path from the notebook's folder.`)
      }
      const { spec, problems } = parseRunFile(text, {
        file,
        strategies: catalog,
        own: ownOptions(dirname(path)),
      })
      if (!spec) throw new UserError(problems.map(formatProblem).join('\n'))
      // a notebook shows every step, so every step is measured
      const measured = { ...spec, train: { ...spec.train, measureEvery: 1 as const } }
      const [{ TrainingSession }, { provideOwn }] = await Promise.all([
        import('../engine/train'),
        import('../own/provide'),
      ])
      provideOwn(spec, { base: dirname(path) })
      const sink = new MemorySink()
      const inner = await TrainingSession.open(measured, { runId: 'notebook', base: dirname(path), sink })
      return new Session(inner, sink, stopped)
    },
  }
}
