import type { DeclaredPhase, Metrics, RunEventBody } from '../../events/types'
import { UserError } from '../../spec/types'
import type { OptimizerSpec, ResolvedSpec } from '../../spec/schema'
import { tf, type Tensor } from '../backend'
import type { BatchImages, BatchStream, Split } from '../data/types'
import { createBank, matchParameters, type KeptParameters } from '../network'
import type { NetworkGraph, ParameterBank, PlainValue } from '../network/types'
import { createOptimizer, createSchedule } from '../optim'
import { floats } from '../optim/floats'
import type { Optimizer } from '../optim/types'
import { RandomStream } from '../random'
import type { StrategyRuntime, Teacher } from '../strategies/types'
import { tellNetwork, tellPredictions, tellThumbnails, tellWeights } from './artifacts'
import { imagesAreFixed } from './images'
import { judge, type BestState } from './earlyStopping'
import { evaluateSplit, type Infer } from './evaluateSplit'
import { FreezeTruth } from './freezeTruth'
import { Caching } from './caching'
import type { CachedForward } from './cachedForward'
import type { FrozenFeatures } from './frozenFeatures'
import { LossScale } from './lossScale'
import { measureLayers, movement, type Measured } from './measures'
import { GroupedOptimizer } from './groupedOptimizer'
import { narrowBank, narrowSlots, rowsOf, type Narrowing } from './narrow'
import { Noise } from './noise'
import { inputNames, readFrom, readInitialize, readInputs } from './outside'
import { Pace } from './pace'
import { activate, declare, type ActivePhase, type PlannedPhase } from './plan'
import { ratesAt, rateGroups } from './rates'
import { SessionView } from './runtime'
import { restoreSession, saveSession } from './savepoint'
import { setUp, type Parts, type Setup } from './setup'
import { solveProbe } from './solveProbe'
import { takeStep, type TakenStep } from './takeStep'
import type { ControlCommand, RunEnvironment } from './types'

/** What a step did; the same numbers go out as a `step` event. */
export interface StepReport {
  /** Updates done. */
  step: number
  phase: string
  loss: number
  parts: Record<string, number>
  accuracy: number
  rate: Record<string, number>
  ms: { data: number; compute: number; update: number; record: number }
}

type ImmediateCommand = Extract<ControlCommand, { do: 'rate' | 'freeze' | 'unfreeze' }>

const isImmediate = (command: ControlCommand): command is ImmediateCommand =>
  command.do === 'rate' || command.do === 'freeze' || command.do === 'unfreeze'

/** What all sessions of this process hold on the back end. */
export function tensorMemory(): { numTensors: number; numBytes: number } {
  const { numTensors, numBytes } = tf.memory()
  return { numTensors, numBytes }
}

function copyOf(tensor: Tensor): Tensor {
  return tf.tensor(floats(tensor).slice(), tensor.shape, 'float32')
}

/**
 * A run under way, one step at a time: what the loop of `trainRun` and a notebook drive. All that it does is told
 * through `env.sink`; nothing in it knows of processes or editors.
 */
export class TrainingSession {
  readonly spec: ResolvedSpec
  /** The network of now: a strategy may have cut it. */
  graph: NetworkGraph
  /** Current values; a person may look, and set at their own risk: the freeze truth tells. */
  bank: ParameterBank
  /** Pre-trained values. */
  readonly w0: ParameterBank
  /** The pre-trained values of what is left of the network; `w0` itself until it is cut. */
  origin: ParameterBank
  /** Rows that are left of the network that the run began with. */
  kept: KeptParameters = new Map()
  readonly optimizer: Optimizer
  readonly dropout: RandomStream
  readonly noise: Noise
  /** The frozen second network, where the strategy has one. */
  readonly teacher?: Teacher & { parameters: ParameterBank }
  /** What the strategy does around steps. */
  readonly runtime?: StrategyRuntime
  readonly pace: Pace
  readonly lossScale: LossScale
  features: FrozenFeatures
  readonly caching: Caching
  /** Of fixed images, see `imagesAreFixed`; where the strategy has a second network. */
  readonly teacherFeatures?: CachedForward
  readonly truth: FreezeTruth
  readonly overrides = new Map<string, boolean>()
  /** Copy of all values from the start of the phase; `w0` itself where they are the same. */
  start: ParameterBank
  active: ActivePhase
  steps = 0
  solved = false
  /** The strategy has begun the phase. */
  entered = false
  /** The strategy needs no more steps. */
  enough = false
  /** Steps with a rate above 0 since the phase's declaration. */
  moving = 0
  rateFactor = 1
  best?: BestState
  /** Values of the best evaluation, where `keep` asks for them. */
  bestValues?: ParameterBank
  /** How many of the run file's actions are done. */
  actionsDone = 0
  ended = false
  lastMetrics?: { split: 'val' | 'test'; metrics: Metrics }
  /** Milliseconds that writing events took since the last step. */
  private told = 0
  private disposed = false
  /** The strategy has ended the phase. */
  left = false
  private readonly groups: ReadonlyMap<string, OptimizerSpec>

  private constructor(
    readonly setup: Setup,
    readonly env: RunEnvironment,
    readonly stream: BatchStream,
    initial: ParameterBank,
    w0: ParameterBank,
    inputs: ReadonlyMap<string, PlainValue>,
  ) {
    const { spec, graph, strategy, options } = setup
    this.spec = spec
    this.graph = graph
    this.bank = initial
    this.w0 = w0
    this.origin = w0
    const main = createOptimizer(spec.train.optimizer)
    this.groups = strategy.optimizers?.(options, spec) ?? new Map()
    const groups = new Map([...this.groups].map(([group, own]) => [group, createOptimizer(own)]))
    this.optimizer =
      groups.size === 0
        ? main
        : new GroupedOptimizer(main, groups, (name) => graph.parameters.get(name)?.owned?.group)
    this.dropout = new RandomStream(spec.train.seed, 'dropout')
    this.noise = new Noise(spec.train.seed, inputs)
    if (setup.teacher)
      this.teacher = { graph: setup.teacher.graph, parameters: createBank(setup.teacher.values) }
    this.lossScale = new LossScale(spec.train.precision === 'float16')
    this.pace = new Pace(spec.train.measureEvery === 'auto' ? undefined : spec.train.measureEvery)
    this.caching = new Caching(setup, env)
    this.features = this.caching.frozen(graph, initial)
    if (this.teacher) this.teacherFeatures = this.caching.forward(this.teacher.graph, this.teacher.parameters)
    if (imagesAreFixed(spec)) stream.spare = (images) => this.spare(images)
    this.truth = new FreezeTruth(graph)
    this.start = w0
    this.active = this.activate(setup.phases[0]!)
    this.features.enter(this.active)
    this.runtime = strategy.create?.(new SessionView(this, inputs), options)
  }

  /**
   * Loads model and data and stands before the first step, or where the checkpoint in `env.resume` was taken.
   * @throws UserError for anything that the run file asks and that cannot be
   */
  static async open(spec: ResolvedSpec, env: RunEnvironment, parts: Parts = {}): Promise<TrainingSession> {
    const setup = await setUp(spec, env, parts)
    const { initialize, inputs } = spec.train
    const { order, others } = await readInputs(env.base, inputs, inputNames(setup))
    const given = initialize ? await readInitialize(setup.graph, env.base, initialize) : undefined
    const w0 = createBank(setup.w0)
    const bank = createBank(given ? new Map([...setup.w0, ...given]) : setup.w0)
    // the head has no pre-trained value: its distance counts from wherever it starts
    for (const [name, { shape, data }] of given ?? [])
      if (!setup.graph.parameters.get(name)!.pretrained) w0.set(name, tf.tensor(data, shape, 'float32'))
    const session = new TrainingSession(setup, env, setup.images.stream(setup.size, order), bank, w0, others)
    session.w0Hash = await w0.hash()
    if (given) session.start = bank.clone()
    const from = env.resume ?? (spec.train.from ? await readFrom(env.base, spec.train.from) : undefined)
    if (from) await restoreSession(session, from.files)
    return session
  }

  /** The strategy's own evaluation forward, where it has one. */
  get infer(): Infer | undefined {
    const { runtime } = this
    return runtime?.infer && ((x, items) => runtime.infer!(x, items))
  }

  get phase(): PlannedPhase {
    return this.active.planned
  }

  /** sha256 of the pre-trained values. */
  w0Hash = ''

  /** Nothing is left to do. */
  get done(): boolean {
    const last = this.phase.index === this.setup.phases.length - 1
    return (
      this.ended ||
      this.enough ||
      (last && this.steps >= this.phase.to && (!this.phase.phase.solve || this.solved))
    )
  }

  /** Whether a person has asked to stop, for what takes long before a phase. */
  stopping: () => boolean = () => false

  /** Split that evaluations on the way are made on. */
  get watchedSplit(): 'val' | 'test' {
    return this.setup.images.dataset.counts.val > 0 ? 'val' : 'test'
  }

  emit(event: RunEventBody): void {
    const before = performance.now()
    this.env.sink.emit(event)
    this.told += performance.now() - before
  }

  declared(planned: PlannedPhase = this.phase): DeclaredPhase {
    return declare(this.activate(planned), this.setup.layers)
  }

  private activate(planned: PlannedPhase): ActivePhase {
    return activate(this.graph, this.spec, planned, this.overrides)
  }

  /** Stands in a phase, without telling; `start` must be in place. */
  stand(index: number): void {
    this.active = this.activate(this.setup.phases[index]!)
    this.features.enter(this.active)
    this.truth.restart()
  }

  /** Whether the next step can do with images whose pixels nobody decodes. */
  private async spare(images: BatchImages): Promise<boolean> {
    const { teacherHooks = [] } = this.phase.phase
    if (!(await this.features.spare(images))) return false
    return (
      teacherHooks.length === 0 || !this.teacherFeatures || this.teacherFeatures.has(images, teacherHooks)
    )
  }

  /** How often images did not have to go through the frozen part again. */
  private tellCache(): void {
    const news = this.caching.news(this.steps)
    if (news) this.emit(news)
  }

  /** Begins the phase, solves what is to be solved at once and goes on to the next phase that has steps left. */
  async advance(stopped?: () => boolean): Promise<void> {
    for (;;) {
      const { phase, index, to } = this.phase
      if (this.ended || this.enough) return
      if (!this.entered) await this.begin(index, stopped)
      if (!this.entered) return
      if (phase.solve && !this.solved) {
        await solveProbe(this, phase.solve, stopped)
        this.tellCache()
        if (stopped?.()) return
        this.solved = true
        this.checkTruth(this.measure())
      }
      if (this.steps < to) return
      if (!this.left) await this.leave(index)
      if (this.enough || index === this.setup.phases.length - 1) return
      this.enter(index + 1)
    }
  }

  /** What the strategy does before the first step of a phase belongs to the phase's start. */
  private async begin(index: number, stopped: () => boolean = () => false): Promise<void> {
    if (this.runtime?.enter) {
      this.stopping = stopped
      if ((await this.runtime.enter(index)) === 'stopped') return
      this.snapshot()
    }
    this.entered = true
  }

  private async leave(index: number): Promise<void> {
    this.left = true
    this.tellCache()
    if ((await this.runtime?.leave?.(index)) === 'end') this.enough = true
    await this.runtime?.pictures?.()
  }

  /** The run takes no more steps: the strategy sees its last phase's end, or that it comes before the planned one. */
  async close(): Promise<void> {
    if (this.ended || this.enough || this.left) return
    if (this.steps >= this.phase.to) await this.leave(this.phase.index)
    else await this.runtime?.cutShort?.()
  }

  private enter(index: number): void {
    this.entered = false
    this.left = false
    const before = this.active.trainedNames
    this.solved = false
    this.moving = 0
    this.snapshot()
    this.stand(index)
    this.optimizer.reset([...before].filter((name) => !this.active.trainedNames.has(name)))
    this.emit({ kind: 'phase', phase: this.declared(), step: this.steps })
  }

  /**
   * Goes on with a network that has fewer rows: values, copies and optimizer slots are cut with it, or the values are
   * replaced. `best` counts from here on, since its weights are of another network.
   */
  narrow({ graph, kept, values }: Narrowing): void {
    const { bank, start, features, w0 } = this
    const rows = rowsOf(this.kept, kept)
    if (values) this.optimizer.reset()
    else narrowSlots(this.optimizer, (name) => bank.get(name).shape, rows)
    this.bank = values ? createBank(values) : narrowBank(bank, rows)
    this.start = values ? this.bank.clone() : narrowBank(start, rows)
    if (this.origin !== w0) this.origin.dispose()
    this.origin = narrowBank(w0, rowsOf(new Map(), kept))
    bank.dispose()
    if (start !== w0) start.dispose()
    this.bestValues?.dispose()
    this.bestValues = undefined
    this.best = undefined
    this.graph = graph
    this.kept = kept
    features.forget()
    this.features = this.caching.frozen(graph, this.bank)
    this.stand(this.phase.index)
    tellNetwork(this)
  }

  /** Takes the values of now as those from which the strategy's first phase starts. */
  beginHere(): void {
    this.snapshot()
    this.stand(0)
  }

  private snapshot(): void {
    if (this.start !== this.w0) this.start.dispose()
    this.start = this.bank.clone()
  }

  /** One optimizer step. Undefined when the run has nothing left to do. */
  async step(stopped?: () => boolean): Promise<StepReport | undefined> {
    await this.advance(stopped)
    if (this.done || !this.entered || stopped?.()) return undefined
    const rates = ratesAt(this.rateContext, this.active, this.steps, this.rateFactor)
    const due = this.pace.due(this.steps + 1) || this.steps + 1 === this.phase.to
    const taken = await takeStep(this, rates, due)
    try {
      this.steps++
      if ([...rates.values()].some(({ rate }) => rate > 0)) this.moving++
      return this.report(
        taken,
        rateGroups(this.active, rates, (parameter) => this.stageOf(parameter.layer)),
      )
    } finally {
      taken.dispose()
    }
  }

  private report(taken: TakenStep, rate: Record<string, number>): StepReport {
    const { data, compute, update } = taken.ms
    this.pace.trainedFor(data + compute + update)
    const began = performance.now()
    if (taken.measured) {
      const measured = this.measure(taken)
      this.checkTruth(measured)
      const row = this.env.sink.layerRow(measured.row)
      this.pace.measured(this.steps, performance.now() - began + this.told)
      this.emit({ kind: 'layers', step: this.steps, row, rows: 1, every: this.pace.every })
    }
    const record = performance.now() - began + this.told
    this.told = 0
    const { loss, parts, accuracy } = taken
    const ms = { data, compute, update, record }
    this.emit({ kind: 'step', step: this.steps, phase: this.phase.index, loss, parts, rate, accuracy, ms })
    return { step: this.steps, phase: this.phase.phase.name, loss, parts, accuracy, rate, ms }
  }

  private get rateContext() {
    const { strategy, options } = this.setup
    return {
      optimizer: this.spec.train.optimizer,
      groups: this.groups,
      headFactor: strategy.headFactor?.(options) ?? 10,
      schedule: createSchedule(this.spec.train.schedule),
    }
  }

  private stageOf(layer: string): string {
    return this.setup.layers.find(({ name }) => name === layer)?.stage ?? layer
  }

  /** Measures of all layers now; with those of a step when one is given. */
  measure(taken?: Pick<TakenStep, 'gradients' | 'before'>): Measured {
    const { graph, bank, origin, start } = this
    const none = new Map<string, never>()
    return measureLayers({
      graph,
      layers: this.setup.layers,
      bank,
      w0: origin,
      start,
      gradients: taken?.gradients ?? none,
      before: taken?.before ?? none,
    })
  }

  /** Tells every layer that is not what it is declared to be; `trained-still` only at the end of a phase. */
  checkTruth(measured: Measured): void {
    const { truth, active, steps } = this
    const alarms = truth.frozenMoved(active, measured.moved, steps)
    if (steps === this.phase.to && this.moving > 0)
      alarms.push(...truth.trainedStill(active, measured.moved, steps))
    for (const alarm of alarms) this.emit(alarm)
  }

  /**
   * Evaluates a split with the weights of now and tells it.
   * @param final keeps small pictures of its images too
   */
  async evaluate(
    split: Split = this.watchedSplit,
    { final = false } = {},
  ): Promise<{ split: Split; metrics: Metrics; confusion: number[][] }> {
    if (this.setup.images.dataset.counts[split] === 0)
      throw new UserError(`there are no ${split} images to evaluate on; set data.split.${split}`)
    const { metrics, confusion, logits, labels } = await evaluateSplit(
      { ...this.setup, graph: this.graph },
      this.bank,
      this.features,
      split,
      (done, total) => this.emit({ kind: 'progress', what: `evaluation on ${split}`, done, total }),
      this.infer,
    )
    this.emit({ kind: 'eval', step: this.steps, split, metrics, confusion })
    this.tellCache()
    if (split !== 'train') tellPredictions(this, split, { logits, labels })
    if (final) await tellThumbnails(this, split, { logits, labels })
    await this.runtime?.pictures?.()
    if (split !== 'train') this.lastMetrics = { split, metrics }
    return { split, metrics, confusion }
  }

  /** Evaluates, remembers the best, and says whether patience has run out. */
  async watch({ final = false } = {}): Promise<{ stop: boolean }> {
    const { metrics, split } = await this.evaluate(this.watchedSplit, { final })
    if (split === 'test') return { stop: false }
    const { earlyStopping, keep } = this.spec.train
    this.best = judge(this.best, earlyStopping?.metric ?? 'balancedAccuracy', metrics, this.steps)
    if (keep === 'best' && this.best.step === this.steps) {
      this.bestValues?.dispose()
      this.bestValues = this.bank.clone()
    }
    return { stop: earlyStopping !== undefined && this.best.worse >= earlyStopping.patience }
  }

  /** Ends with the weights that `keep` names. */
  conclude(): void {
    const best = this.bestValues
    if (best) for (const name of this.bank.names()) this.bank.set(name, copyOf(best.get(name)))
    this.ended = true
  }

  /** @returns where it lies */
  async checkpoint(why = 'asked for'): Promise<{ folder: string; bytes: number }> {
    const files = saveSession(this)
    const saved = await this.env.sink.saveCheckpoint(this.steps, files, why)
    this.emit({ kind: 'checkpoint', step: this.steps, ...saved, why })
    await this.env.sink.checkpointsKeep?.(this.best?.step, this.spec.train.checkpoints.last)
    tellWeights(this)
    return saved
  }

  /** What has moved from the pre-trained network. */
  movement(): { moved: number; distance: number } {
    return movement(this.graph, this.bank, this.origin)
  }

  /**
   * Does what a person or the run file asks between two steps, and tells it. Pausing, resuming, stepping and stopping
   * are the loop's to obey; here they are only told.
   */
  async apply(command: ControlCommand, source: string): Promise<unknown> {
    if (isImmediate(command)) return this.applyNow(command, source)
    this.emit({ kind: 'control', step: this.steps, action: command, source })
    switch (command.do) {
      case 'checkpoint':
        return this.checkpoint(`asked for by ${source}`)
      case 'evaluate':
        return this.evaluate()
      default:
        return undefined
    }
  }

  /** As `apply`, of what is done at once. @throws UserError for a pattern that matches nothing */
  applyNow(command: ImmediateCommand, source: string): unknown {
    if (command.do !== 'rate') matchParameters(this.graph, command.layers)
    this.emit({ kind: 'control', step: this.steps, action: command, source })
    if (command.do !== 'rate') return this.override(command.layers, command.do === 'unfreeze')
    this.rateFactor = command.factor
    return { factor: command.factor }
  }

  /** Sets a value from outside: at the caller's own risk, no action tells it. The freeze truth does. */
  setValue(name: string, { data, shape }: PlainValue): void {
    this.bank.set(name, tf.tensor(data, [...shape], 'float32'))
  }

  /** A live freeze or thaw is a new declaration: the truth counts from here on. */
  private override(patterns: readonly string[], trains: boolean): DeclaredPhase {
    const before = this.active.trainedNames
    for (const name of matchParameters(this.graph, patterns)) this.overrides.set(name, trains)
    this.moving = 0
    this.snapshot()
    this.stand(this.phase.index)
    // momentum of what stops now must not act when it starts again
    this.optimizer.reset([...before].filter((name) => !this.active.trainedNames.has(name)))
    const phase = this.declared()
    this.emit({ kind: 'phase', phase, step: this.steps })
    return phase
  }

  async dispose(): Promise<void> {
    if (this.disposed) return
    this.disposed = true
    await this.stream.close()
    await this.caching.close()
    this.optimizer.dispose()
    this.bestValues?.dispose()
    if (this.start !== this.w0) this.start.dispose()
    this.runtime?.dispose?.()
    this.teacher?.parameters.dispose()
    this.bank.dispose()
    if (this.origin !== this.w0) this.origin.dispose()
    this.w0.dispose()
  }
}
