import type { Tensor } from '@tensorflow/tfjs-core'
import type { TransTailorPicture } from '../../../events/pictures/transtailor'
import type { Metrics } from '../../../events/types'
import { UserError } from '../../../spec/types'
import { tf } from '../../backend'
import { PrunedCost, rowsWithin, runGraph, selectChannels, type KeptChannels } from '../../network'
import type { NetworkGraph, PlainValue } from '../../network/types'
import { floats } from '../../optim/floats'
import { RandomStream } from '../../random'
import type { RuntimeContext, StrategyRuntime } from '../types'
import { factored, narrowNetwork } from './factors'
import { groupImportance, measureImportance, scaleOf } from './importance'
import { countsOf, layoutOf, type Layout } from './layout'
import type { Options } from './meta'
import { pictureLayers } from './picture'
import { initialState, readState, saveState, stepOf, type SavedState, type State } from './state'

/** Rounds of measuring, cutting and choosing around the steps of a TransTailor run. */
export class TransTailorRuntime implements StrategyRuntime {
  private readonly layout: Layout
  private readonly whole: NetworkGraph
  private readonly cost: PrunedCost
  private readonly original: number
  private state: State = initialState()
  /** Values of the network that the run may end with. */
  private chosen?: Map<string, PlainValue>

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: Options,
  ) {
    const { graph, size } = context
    if (!context.items.some(({ split }) => split === 'val'))
      throw new UserError(
        'data.split.val: transtailor decides by validation images whether a cut stays; set it, for example to 0.2',
      )
    this.whole = graph
    this.layout = layoutOf(graph, options)
    this.cost = new PrunedCost(graph, this.layout.map, [size, size, graph.inputShape[2]])
    this.original = this.cost.total(countsOf(this.layout, new Map()))
  }

  infer(x: Tensor): Tensor {
    const { graph, bank } = this.context
    return runGraph(graph, x, { parameters: factored(bank, this.layout.sites, this.state.acting) }).output
  }

  async enter(phase: number): Promise<void | 'stopped'> {
    const { kind, round } = stepOf(phase)
    if (kind === 'factors') this.begin(round)
    if (kind === 'tune') return this.cut(round)
  }

  /** Factors of a later round start afresh; the first round's lie in the bank. */
  private begin(round: number): void {
    const { bank, spec } = this.context
    if (round > 1)
      for (const { alpha } of this.layout.sites) {
        const random = new RandomStream(spec.train.seed, `own/${alpha}/${round}`)
        const values = Float32Array.from({ length: bank.get(alpha).size }, () =>
          this.options.init === 'ones' ? 1 : random.uniform(),
        )
        bank.set(alpha, tf.tensor1d(values))
      }
    this.state.acting = 'alpha'
  }

  /** Importance over all training images, the cut, and the transform: what is left is multiplied by its scale. */
  private async cut(round: number): Promise<void | 'stopped'> {
    const { context, layout, options } = this
    const before = await this.accuracy()
    const importance = await this.measure()
    if (!importance) return 'stopped'
    const groups = groupImportance(importance, layout.sites)
    const was = this.state.kept
    const selection = selectChannels({
      groups: layout.map.groups,
      cost: this.cost,
      kept: was,
      importance: options.selection === 'random' ? this.lots(groups, round) : groups,
      budget: options.budget * this.original,
      keep: options.keep,
    })
    this.state.measured = {
      kept: was,
      importance: new Map([...groups].map(([name, values]) => [name, [...values]])),
      alpha: new Map(
        layout.sites
          .filter(({ group, convolution }) => group === convolution)
          .map(({ group, alpha }) => [group, [...floats(context.bank.get(alpha))]]),
      ),
    }
    this.adopt(selection.kept)
    this.state.reached = selection.reached
    const afterCut = await this.accuracy()
    this.transform(importance, was)
    const afterTransform = await this.accuracy()
    const { cut, after: multiplyAdds } = selection
    this.state.curve.push({ round, multiplyAdds, cut, before, afterCut, afterTransform })
    this.tell(round, afterCut, afterTransform)
  }

  private async measure() {
    const { context, layout, options } = this
    const total = context.items.filter(({ split }) => split === 'train').length
    return measureImportance({
      graph: context.graph,
      parameters: context.bank,
      sites: layout.sites,
      images: context.images('train', context.spec.train.batchSize),
      accumulate: options.accumulate,
      progress: (done) => {
        context.progress('importance of the filters', done, total)
        return context.stopped()
      },
    })
  }

  /** Numbers by lot in the place of importance. */
  private lots(groups: ReadonlyMap<string, ArrayLike<number>>, round: number) {
    const random = new RandomStream(this.context.spec.train.seed, `transtailor/lots/${round}`)
    return new Map(
      [...groups].map(([name, { length }]) => [name, Array.from({ length }, () => random.uniform())]),
    )
  }

  private adopt(kept: KeptChannels, values?: ReadonlyMap<string, PlainValue>): void {
    this.context.narrow({ ...narrowNetwork(this.whole, this.layout, kept), values })
    this.state.kept = kept
  }

  private transform(importance: ReadonlyMap<string, Float64Array>, was: KeptChannels): void {
    const { bank } = this.context
    for (const { convolution, group, alpha, scale } of this.layout.sites) {
      const [rows] = rowsWithin([was.get(group)], [this.state.kept.get(group)], 1)
      const own = importance.get(convolution)!
      const left = rows ? rows.map((i) => own[i]!) : own
      const factor = scaleOf(this.options.scaleMode, left, floats(bank.get(alpha)))
      bank.set(scale, tf.tensor1d(floats(bank.get(scale)).map((value, i) => value * factor[i]!)))
    }
    this.state.acting = 'scale'
  }

  /** A transform that undoes most of what the network could do is said aloud: tuning rarely brings it back. */
  private tell(round: number, before: number, after: number): void {
    const { context, options } = this
    const chance = 1 / context.classes.length
    const points = (share: number) => (100 * share).toFixed(1)
    if (before - chance > 0.1 && after - chance < (before - chance) / 2)
      context.emit({
        kind: 'alarm',
        step: context.step,
        code: 'accuracy-collapse',
        message: `round ${round}: validation accuracy fell from ${points(before)} % to ${points(after)} % when the filters were multiplied by scaleMode "${options.scaleMode}"; try "alpha" or "none"`,
      })
    if (!this.state.reached)
      context.emit({
        kind: 'log',
        level: 'warning',
        message: `round ${round}: the filters that may be cut are worth less than ${points(options.budget)} % of the multiply-adds; this is the last round`,
      })
  }

  async leave(phase: number): Promise<'end' | undefined> {
    const { kind, round } = stepOf(phase)
    if (kind === 'head') {
      const metrics = await this.evaluate()
      this.state.curve.push({
        round,
        multiplyAdds: this.original,
        cut: 0,
        ...figures(metrics),
        accepted: true,
      })
      this.choose(round, metrics.accuracy)
    }
    return kind === 'tune' ? this.settle(round) : undefined
  }

  /** Line 12 of the paper's algorithm: a round that loses more than tau is thrown away and ends the run. */
  private async settle(round: number): Promise<'end' | undefined> {
    const { state, options } = this
    const metrics = await this.evaluate()
    const { accuracy } = metrics
    const accepted = 100 * (state.accepted - accuracy) <= options.tau
    Object.assign(state.curve.at(-1)!, figures(metrics), { accepted })
    if (accepted && (options.returns === 'accepted' || accuracy >= state.choice!.accuracy))
      this.choose(round, accuracy)
    if (accepted) state.accepted = accuracy
    if (accepted && state.reached && round < options.rounds) return undefined
    this.revert()
    return 'end'
  }

  async cutShort(): Promise<void> {
    const { kind, round } = stepOf(this.context.phase)
    if (kind === 'tune' && this.state.acting === 'scale') await this.settle(round)
    else this.revert()
  }

  private choose(round: number, accuracy: number): void {
    const { bank } = this.context
    if (round === 0) this.state.accepted = accuracy
    this.state.choice = { round, accuracy, kept: this.state.kept }
    this.chosen = new Map(
      bank
        .names()
        .map((name) => [name, { shape: [...bank.get(name).shape], data: floats(bank.get(name)).slice() }]),
    )
  }

  /** Back to the chosen network, unless it is the one of now. */
  private revert(): void {
    const { choice, curve } = this.state
    if (!choice) return
    this.state.acting = 'scale'
    if (choice.round !== curve.at(-1)!.round) this.adopt(choice.kept, this.chosen)
  }

  private evaluate(): Promise<Metrics> {
    return this.context.evaluate('val', { quiet: true })
  }

  private async accuracy(): Promise<number> {
    return (await this.evaluate()).accuracy
  }

  pictures(): void {
    const { context, options, state, layout } = this
    const { budget, tau, scaleMode, selection, rounds } = options
    const data: TransTailorPicture = {
      v: 1,
      round: stepOf(context.phase).round,
      rounds,
      budget,
      tau,
      scaleMode,
      selection,
      images: context.items.filter(({ split }) => split === 'val').length,
      curve: state.curve.map((round) => ({ ...round })),
      layers: pictureLayers(layout, this.whole.nodes, state.kept, state.measured),
      ...(state.choice && { chosen: state.choice.round }),
    }
    context.picture('transtailor', data)
  }

  save() {
    const tensors = new Map([...(this.chosen ?? [])].map(([name, value]) => [`chosen/${name}`, value]))
    return { state: saveState(this.state), tensors }
  }

  restore({ state, tensors }: { state: unknown; tensors: ReadonlyMap<string, PlainValue> }): void {
    this.state = readState(state as SavedState)
    if (this.state.kept.size > 0) this.adopt(this.state.kept)
    if (this.state.choice)
      this.chosen = new Map([...tensors].map(([name, value]) => [name.slice('chosen/'.length), value]))
  }
}

const figures = ({ accuracy, balancedAccuracy, low, high }: Metrics) => ({
  accuracy,
  balancedAccuracy,
  low,
  high,
})
