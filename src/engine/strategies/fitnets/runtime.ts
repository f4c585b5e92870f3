import type { Tensor } from '@tensorflow/tfjs-core'
import type { FitNetsPicture } from '../../../events/pictures/fitnets'
import { ops, tf } from '../../backend'
import { runGraph } from '../../network'
import { RandomStream } from '../../random'
import { evenRanks } from '../../ranks'
import { sampleItems } from '../sample'
import type { RuntimeContext, StrategyRuntime } from '../types'
import { differences, type Hint } from './hint'

/** Images that a picture is averaged over, and channels that it shows at most. */
const PICTURED = 8
const SHOWN = 64

/** Shows how far the hint is learned. */
export class FitNetsRuntime implements StrategyRuntime {
  constructor(
    private readonly context: RuntimeContext,
    private readonly found: Hint,
  ) {}

  async pictures(): Promise<void> {
    const { context } = this
    const random = new RandomStream(context.spec.train.seed, 'pictures')
    const only = sampleItems(context.items, 'train', PICTURED, random)
    for await (const { images, shape } of context.images('train', PICTURED, only)) {
      const x = tf.tensor4d(images, [...shape])
      const sums = tf.tidy(() => this.errors(x))
      const [errors, variances] = await Promise.all(sums.map((one) => one.data<'float32'>()))
      tf.dispose([x, ...sums])
      context.picture('hint', this.told([...errors!], [...variances!]))
      return
    }
  }

  /** Mean squared error and the hint's variance, by channel. */
  private errors(x: Tensor): [Tensor, Tensor] {
    const { graph, bank, teacher } = this.context
    const { hint, guided } = this.found
    const source = runGraph(teacher!.graph, x, { parameters: teacher!.parameters, to: hint.layer }).output
    const map = runGraph(graph, x, { parameters: bank, to: guided.layer }).output
    const difference = differences(bank, map, source)
    const own = ops.resizeBilinear(source, [difference.shape[1]!, difference.shape[2]!])
    const positions = own.size / own.shape[3]!
    const mean = tf.div(ops.channels.sum(own), positions)
    const centred = tf.sub(own, mean)
    const by = (a: Tensor): Tensor => tf.div(ops.channels.dot(a, a), positions)
    return [by(difference), by(centred)]
  }

  private told(errors: readonly number[], variances: readonly number[]): FitNetsPicture {
    const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
    const moving = errors.flatMap((error, j) => (variances[j]! > 1e-12 ? [1 - error / variances[j]!] : []))
    const short = (value: number): number => Number(value.toPrecision(4))
    return {
      v: 1,
      hint: this.found.hint.name,
      guided: this.found.guided.name,
      error: short(total(errors) / errors.length),
      explained: short(1 - total(errors) / Math.max(total(variances), 1e-30)),
      channels: evenRanks(
        moving.sort((a, b) => b - a),
        SHOWN,
      ).map(short),
    }
  }
}
