import type { BalanceRow, HybridForwardPicture } from '../../../events/pictures/hybrid-forward'
import { tf, type Tensor } from '../../backend'
import { countCorrect } from '../../evaluate'
import { runGraph } from '../../network'
import { floats } from '../../optim/floats'
import { RandomStream } from '../../random'
import { compareGates } from '../routing/ablations'
import { sampleItems } from '../sample'
import type { RuntimeContext, StepTaken, StrategyRuntime } from '../types'
import { isAdapter, type Net } from './adapters'
import { pathAgreement } from './agreement'
import { smoothed } from './balance'
import { SMOOTHED } from './forward'
import { emptyHistory, follow, type HistoryState } from './history'
import type { Options } from './meta'
import { pathGraph, routes, valuesOf, type Route, type Structure } from './paths'

/** Training images that the gradients of a picture are of. */
const PICTURED = 8

/** What a checkpoint holds beside weights. */
interface HybridState {
  /** Losses of paths 1, 2 and 3; with `ema`. */
  smoothed?: number[]
  history: HistoryState
}

/** Smooths the losses where they are to be, and tells what the three paths did. */
export class HybridRuntime implements StrategyRuntime {
  readonly constants = new Map<string, Tensor>()
  private smoothed?: number[]
  private history = emptyHistory()
  private swaps?: HybridForwardPicture['swaps']

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: Options,
    private readonly structure: Structure,
  ) {}

  async afterStep({ observed, labels }: StepTaken): Promise<void> {
    const { losses, logits, weights } = observed
    const [own, scores, factors, truth] = await Promise.all([
      losses!.data<'float32'>(),
      logits!.data<'float32'>(),
      weights?.data<'float32'>(),
      labels.data<'int32'>(),
    ])
    if (this.options.balance === 'ema' && factors)
      this.keep(smoothed(this.smoothed, [...own], this.options.smoothing))
    const correct = shares(scores, truth, own.length)
    // a step without hybrid paths has the student's values alone
    const padded = (values: readonly number[]): BalanceRow['losses'] =>
      values.length === 1 ? [null, null, values[0]!] : (values as [number, number, number])
    this.history = follow(this.history, {
      step: this.context.step + 1,
      losses: padded([...own]),
      weights: factors ? [factors[0]!, factors[1]!] : [0, 0],
      accuracy: padded(correct),
    })
  }

  async leave(): Promise<undefined> {
    if (this.options.compare && this.context.step >= this.context.steps) this.swaps = await this.compare()
    return undefined
  }

  save(): { state: HybridState } {
    return { state: { ...(this.smoothed && { smoothed: this.smoothed }), history: this.history } }
  }

  restore({ state }: { state: unknown }): void {
    const { smoothed: before, history } = state as HybridState
    this.history = history
    if (before) this.keep(before)
  }

  dispose(): void {
    tf.dispose([...this.constants.values()])
    this.constants.clear()
  }

  private keep(losses: number[]): void {
    this.dispose()
    this.smoothed = losses
    this.constants.set(SMOOTHED, tf.keep(tf.tensor1d(losses)))
  }

  async pictures(): Promise<void> {
    const { context, options, structure, history, swaps } = this
    const [first, second] = routes(structure.cuts.length)
    const agreement = await this.agreement()
    const picture: HybridForwardPicture = {
      v: 1,
      balance: options.balance,
      routes: options.routes,
      stages: structure.cuts.map(({ student, teacher }) => ({
        student: student.layer,
        teacher: teacher.layer,
      })),
      paths: { first: [...first], second: [...second] },
      rows: history.rows.map(shortened),
      ...(agreement && { agreement }),
      adapters: this.adapters(),
      ...(swaps && { swaps }),
    }
    context.picture('balance', picture)
  }

  private async agreement(): Promise<HybridForwardPicture['agreement']> {
    const { context, structure, options } = this
    const random = new RandomStream(context.spec.train.seed, 'pictures')
    const only = sampleItems(context.items, 'train', PICTURED, random)
    for await (const { images, shape, labels } of context.images('train', PICTURED, only)) {
      const [x, truth] = [tf.tensor4d(images, [...shape]), tf.tensor1d(labels, 'int32')]
      try {
        return await pathAgreement(context, structure, options, x, truth)
      } finally {
        tf.dispose([x, truth])
      }
    }
    return undefined
  }

  private adapters(): HybridForwardPicture['adapters'] {
    const { graph, bank, w0 } = this.context
    return [...graph.parameters.values()]
      .filter((info) => isAdapter(info) && info.role === 'kernel')
      .map(({ name, layer }) => {
        const [now, before] = [floats(bank.get(name)), floats(w0.get(name))]
        let [square, moved, start] = [0, 0, 0]
        now.forEach((value, i) => {
          square += value ** 2
          moved += (value - before[i]!) ** 2
          start += before[i]! ** 2
        })
        return { name: layer, norm: short(Math.sqrt(square)), moved: short(Math.sqrt(moved / (start || 1))) }
      })
  }

  /** Accuracy with one student stage replaced by the teacher's, on the same images. */
  private async compare(): Promise<NonNullable<HybridForwardPicture['swaps']>> {
    const { context, structure } = this
    const { length } = structure.cuts
    const parameters = valuesOf(context.bank, context.teacher!.parameters)
    const routeWith = (replaced: number): Route =>
      Array.from({ length }, (_, stage): Net => (stage === replaced ? 'teacher' : 'student'))
    const kinds = new Map(
      Array.from({ length: length + 1 }, (_, i): [string, (x: Tensor) => Tensor] => [
        String(i - 1),
        (x) => runGraph(pathGraph(structure, routeWith(i - 1)), x, { parameters }).output,
      ]),
    )
    const found = await compareGates(context, kinds, 'accuracy with a stage of the teacher’s')
    return found.map(({ gates, correct, images }) => ({ stage: Number(gates), correct, images }))
  }
}

/** Share of images that each of `paths` score tables [n, classes] gets right. */
function shares(scores: Float32Array, labels: Int32Array, paths: number): number[] {
  const size = scores.length / paths
  return Array.from(
    { length: paths },
    (_, path) => countCorrect(scores.subarray(path * size, (path + 1) * size), labels) / labels.length,
  )
}

const short = (value: number): number => Number(value.toPrecision(4))

const shortened = ({ step, losses, weights, accuracy }: BalanceRow): BalanceRow => ({
  step,
  losses: losses.map((value) => value && short(value)) as BalanceRow['losses'],
  weights: weights.map(short) as BalanceRow['weights'],
  accuracy: accuracy.map((value) => value && short(value)) as BalanceRow['accuracy'],
})
