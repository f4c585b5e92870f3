import { tf, type Tensor } from '../backend'
import type { Split } from '../data/types'
import { loadModel } from '../formats'
import { mediaFolder } from '../media'
import type { PlainValue } from '../network/types'
import type { RuntimeContext } from '../strategies/types'
import { evaluateSplit } from './evaluateSplit'
import { openImages } from './images'
import type { TrainingSession } from './session'

/** What a session shows of itself to its strategy's runtime. */
export class SessionView implements RuntimeContext {
  constructor(
    private readonly session: TrainingSession,
    readonly inputs: ReadonlyMap<string, PlainValue>,
  ) {}

  get spec() {
    return this.session.spec
  }
  get graph() {
    return this.session.graph
  }
  get stages() {
    return this.session.setup.stages
  }
  get bank() {
    return this.session.bank
  }
  get w0() {
    return this.session.origin
  }
  get teacher() {
    return this.session.teacher
  }
  get optimizer() {
    return this.session.optimizer
  }
  get classes() {
    return this.session.setup.images.dataset.classes
  }
  get items() {
    return this.session.setup.images.dataset.items
  }
  get size() {
    return this.session.setup.size
  }
  get step() {
    return this.session.steps
  }
  get steps() {
    return this.session.setup.steps
  }
  get phase() {
    return this.session.phase.index
  }
  get phaseName() {
    return this.session.phase.phase.name
  }

  mode(layer: string) {
    return this.session.active.mode(layer)
  }

  stopped(): boolean {
    return this.session.stopping()
  }

  narrow: RuntimeContext['narrow'] = (narrowing) => this.session.narrow(narrowing)

  emit: RuntimeContext['emit'] = (event) => this.session.emit(event)

  picture(name: string, data: unknown): void {
    this.session.emit({ kind: 'picture', step: this.session.steps, name, data })
  }

  progress(what: string, done: number, total: number): void {
    this.session.emit({ kind: 'progress', what, done, total })
  }

  images(split: Split, batchSize: number, only?: ReadonlySet<number>) {
    return this.session.setup.images.evaluation(split, this.session.setup.size, batchSize, false, only)
  }

  folder(source: string) {
    const { spec, env } = this.session
    const split = { ...spec.data.split, val: 0, test: 0 }
    const data = { ...spec.data, source, split, shots: undefined, fraction: 1, transforms: 'none' as const }
    return openImages({ ...spec, data }, { base: env.base, cache: env.cache, media: mediaFolder() })
  }

  whole() {
    const { spec, env } = this.session
    return loadModel(spec.model, { base: env.base, media: mediaFolder(), keepHead: true })
  }

  async evaluate(split: Split = this.session.watchedSplit, { quiet = false } = {}) {
    if (!quiet) return (await this.session.evaluate(split)).metrics
    const { bank, features, graph } = this.session
    const setup = { ...this.session.setup, graph }
    return (await evaluateSplit(setup, bank, features, split, undefined, this.session.infer)).metrics
  }

  draw: RuntimeContext['draw'] = (declaration): Tensor => tf.keep(this.session.noise.draw(declaration))
}
