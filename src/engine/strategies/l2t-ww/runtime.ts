import type { Tensor } from '@tensorflow/tfjs-core'
import type { L2tPicture } from '../../../events/pictures/l2t-ww'
import { ops, tf, valueAndGradients } from '../../backend'
import { runGraph } from '../../network'
import type { BatchStatistics } from '../../network/types'
import { createOptimizer } from '../../optim'
import type { Optimizer } from '../../optim/types'
import { applyStatistics } from '../../train/runningStatistics'
import { momentumOf } from '../matching/options'
import type { RuntimeContext, StepTaken, StrategyRuntime } from '../types'
import { History } from './history'
import { innerSteps } from './innerSteps'
import { lookAhead } from './lookAhead'
import type { Options } from './meta'
import { META, metaLayers, strengths } from './metaNetworks'
import type { Pairs } from './pairs'
import { pairPicture, type Measures } from './pictures'
import { looksAhead } from './settings'
import { coefficients, sourceMaps, type SourceMaps } from './transfer'

/** Teaches the meta-networks by looking ahead after each step, and shows what they have come to. */
export class L2tRuntime implements StrategyRuntime {
  private readonly history: History
  private readonly measures: Measures = {}
  private readonly phi: readonly string[]

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: Options,
    private readonly pairs: Pairs,
  ) {
    this.history = new History(pairs.all.length)
    this.phi = [...context.graph.parameters.values()]
      .filter(({ owned }) => owned?.group === META)
      .map(({ name }) => name)
  }

  async afterStep(step: StepTaken): Promise<void> {
    if (this.options.beta === 0) return
    const { context, options, pairs } = this
    const source = sourceMaps(pairs.all, step.observed)
    this.measures.shares = shares(await step.observed['parts']!.data<'float32'>())
    if (this.history.wants(context.step)) this.history.add(context.step, await this.meanStrengths(source))
    if (looksAhead(options) && (context.step + 1) % options.metaEvery === 0) await this.teach(step, source)
  }

  /** (b) to (d) of strategies.md section 4.3, on the batch of the step. */
  private async teach(step: StepTaken, source: SourceMaps): Promise<void> {
    const { context, options, pairs, phi } = this
    const { bank, optimizer, spec } = context
    const names = [...step.rates.keys()]
    const weights = tf.tidy(() => coefficients(bank, pairs.all, source, options))
    const { gradients, losses, objective } = await lookAhead({
      from: new Map(names.map((name) => [name, bank.get(name)])),
      others: bank,
      optimizer: this.copyOfOptimizer(new Set(names)),
      momentum: spec.train.optimizer.momentum,
      rates: (name) => step.rates.get(name)!,
      ...innerSteps({ context, options, pairs, batch: step, source, weights, names }),
      variables: weights,
    })
    // the steps saw the meta-networks through these weights alone: the chain rule does the rest
    const inputs = phi.map((name) => bank.get(name))
    const through = (): Tensor =>
      coefficients(bank, pairs.all, source, options)
        .map((weight, i): Tensor => ops.sum(ops.multiply(weight, gradients[i]!)))
        .reduce((sum, part) => tf.add(sum, part))
    const found = valueAndGradients(through, inputs)
    const before = inputs.map((value) => tf.clone(value))
    const slopes = new Map(phi.map((name, i) => [name, found.gradients[i]!]))
    const { metaRate: rate, metaDecay: weightDecay } = options
    optimizer.apply(bank, slopes, () => ({ rate, weightDecay }))
    const measured = tf.tidy(() =>
      tf.stack([
        ...phi.map((name, i) => tf.sum(tf.mul(slopes.get(name)!, tf.sub(bank.get(name), before[i]!)))),
        ...phi.map((name) => tf.sum(tf.square(slopes.get(name)!))),
      ]),
    )
    const values = [...(await measured.data<'float32'>())]
    this.measures.gradients = this.byPair(values.slice(phi.length))
    this.measures.outer = {
      before: losses.at(-1)!,
      after: objective,
      change: values.slice(0, phi.length).reduce((a, b) => a + b, 0),
    }
    tf.dispose([...weights, ...gradients, found.loss, ...found.gradients, ...before, measured])
    if (options.rollback === 'release') this.updateStatistics(step.x)
  }

  /** SGD with the momentum of now. */
  private copyOfOptimizer(names: ReadonlySet<string>): Optimizer {
    const { optimizer, spec } = this.context
    const copy = createOptimizer(spec.train.optimizer)
    const slots = [...optimizer.slots()].filter(([key]) => names.has(key.slice(0, key.lastIndexOf('/'))))
    copy.restore(new Map(slots.map(([key, slot]) => [key, tf.clone(slot)])))
    // no parameter is reset: this lets go of what `slots` has lent
    optimizer.reset([])
    return copy
  }

  /** What each roll-back of the authors' code leaves behind: the replay of the first saved state moves the buffers. */
  private updateStatistics(x: Tensor): void {
    const { graph, bank } = this.context
    const found: { layer: string; batch: BatchStatistics }[] = []
    tf.tidy(() => {
      runGraph(graph, x, {
        parameters: bank,
        batchNorm: (layer) => this.context.mode(layer),
        onStatistics: (layer, batch) => found.push({ layer, batch }),
      })
    })
    const nodes = new Map(graph.nodes.map((node) => [node.name, node]))
    applyStatistics(
      bank,
      found.map(({ layer, batch }) => {
        const { op, parameters } = nodes.get(layer)!
        const own = op.kind === 'batchNorm' ? op.momentum : 0
        const momentum = momentumOf(this.options) ?? own
        return { mean: parameters.mean!, variance: parameters.variance!, momentum, batch }
      }),
    )
    tf.dispose(found.flatMap(({ batch }) => [batch.mean, batch.variance]))
  }

  private async meanStrengths({ pooled }: SourceMaps): Promise<number[]> {
    const { context, options, pairs } = this
    const means = tf.tidy(() =>
      tf.stack(
        pairs.all.map((pair) => tf.mean(strengths(context.bank, pair, pooled.get(pair.name)!, options))),
      ),
    )
    const values = [...(await means.data<'float32'>())]
    means.dispose()
    return values
  }

  /** Norms by pair of squares by meta-parameter. */
  private byPair(squares: readonly number[]): number[] {
    const { parameters } = this.context.graph
    return this.pairs.all.map((pair) => {
      const layers = metaLayers(pair)
      const own = squares.filter((_, i) => layers.includes(parameters.get(this.phi[i]!)!.layer))
      return Math.sqrt(own.reduce((a, b) => a + b, 0))
    })
  }

  async pictures(): Promise<void> {
    const { context, options, pairs, history, measures } = this
    if (options.beta === 0) return
    const picture: L2tPicture | undefined = await pairPicture(
      context,
      options,
      pairs,
      history.points,
      measures,
    )
    if (picture) context.picture('pairs', picture)
  }

  save() {
    return { state: { history: this.history.toJSON() } }
  }

  restore({ state }: { state: unknown }): void {
    this.history.restore((state as { history: ReturnType<History['toJSON']> }).history)
  }
}

function shares(parts: ArrayLike<number>): number[] {
  const values = Array.from(parts)
  const total = values.reduce((a, b) => a + b, 0)
  return values.map((value) => (total > 0 ? value / total : 0))
}
