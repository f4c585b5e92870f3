import type { Tensor } from '@tensorflow/tfjs-core'
import type { DeltaPicture } from '../../../events/pictures/delta'
import { UserError } from '../../../spec/types'
import { tf } from '../../backend'
import type { PlainValue } from '../../network/types'
import { floats } from '../../optim/floats'
import type { RuntimeContext, StrategyRuntime } from '../types'
import { sampleItems } from '../sample'
import { RandomStream } from '../../random'
import { measureAttention, type AttentionBatch } from './attention'
import { hooksOf, type Hook } from './hooks'
import type { Options } from './meta'
import { channelWeights, perplexity } from './weights'

/** Name of a layer's measured differences in `train.inputs`, and of its weights among the constants. */
export const attentionName = (layer: string): string => `attention.${layer}`

/** Bars that a picture shows of a layer at most. */
const BARS = 64

/** Measures the attention before fine-tuning, and shows it. */
export class DeltaRuntime implements StrategyRuntime {
  readonly constants = new Map<string, Tensor>()
  private readonly hooks: Hook[]
  /** How much the loss rises without each channel, by layer. */
  private measured = new Map<string, Float32Array>()

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: Options,
  ) {
    this.hooks = hooksOf(context.graph, context.stages, options)
  }

  async enter(phase: number): Promise<void | 'stopped'> {
    if (this.options.form === 'feature-map' || this.context.phaseName !== 'fine-tune') return
    const found =
      this.options.attention === 'uniform'
        ? new Map<string, Float32Array>()
        : this.options.attention === 'given'
          ? this.given()
          : await this.measure()
    if (!found) return 'stopped'
    this.measured = found
    this.weigh()
    if (phase > 0 && this.options.head === 'fresh') this.renewHead()
    this.tell()
  }

  private given(): Map<string, Float32Array> {
    return new Map(
      this.hooks.map(({ layer, channels }) => {
        const tensor = this.context.inputs.get(attentionName(layer))
        if (tensor?.data.length !== channels)
          throw new UserError(
            `train.inputs: "${attentionName(layer)}" [${channels}] is ${tensor ? `[${tensor.shape.join(', ')}]` : 'missing'}; attention "given" needs one value for each channel of each hooked layer`,
          )
        return [layer, tensor.data]
      }),
    )
  }

  private async measure(): Promise<Map<string, Float32Array> | undefined> {
    const { context, options } = this
    const total = this.hooks.reduce((sum, { channels }) => sum + channels, 0)
    const { attentionBatches, attentionBatchSize } = options
    const random = new RandomStream(context.spec.train.seed, 'attention')
    const only = sampleItems(context.items, 'train', attentionBatches * attentionBatchSize, random)
    const batches = Math.max(1, Math.ceil(only.size / attentionBatchSize))
    const found = await measureAttention(
      { graph: context.graph, parameters: context.bank },
      this.hooks,
      this.batches(only, attentionBatchSize),
      options.attention as 'filters' | 'gradient',
      (done) => {
        if (done % 16 === 0) context.progress('attention', done, total * batches)
        return context.stopped()
      },
    )
    return found && new Map([...found].map(([layer, values]) => [layer, Float32Array.from(values)]))
  }

  private async *batches(only: ReadonlySet<number>, size: number): AsyncIterable<AttentionBatch> {
    for await (const { images, shape, labels } of this.context.images('train', size, only))
      yield { x: tf.tensor4d(images, [...shape]), labels: tf.tensor1d(labels, 'int32') }
  }

  private weightsOf({ layer, channels }: Hook): number[] {
    const differences = this.measured.get(layer)
    return differences
      ? channelWeights(differences, this.options)
      : new Array<number>(channels).fill(1 / channels)
  }

  private weigh(): void {
    this.dispose()
    for (const hook of this.hooks)
      this.constants.set(attentionName(hook.layer), tf.keep(tf.tensor1d(this.weightsOf(hook))))
  }

  /** Fine-tuning starts from the head as it was before it was fitted for measuring. */
  private renewHead(): void {
    const { graph, bank, w0 } = this.context
    for (const { name, pretrained, owned } of graph.parameters.values())
      if (!pretrained && !owned)
        bank.set(name, tf.tensor(floats(w0.get(name)).slice(), w0.get(name).shape, 'float32'))
  }

  private tell(): void {
    const { alpha, attention, recipe } = this.options
    const layers = this.hooks.map((hook) => {
      const weights = this.weightsOf(hook)
      const sorted = weights.map((w) => w * hook.channels).sort((a, b) => b - a)
      const wanted = Math.min(BARS, sorted.length)
      const bars = Array.from({ length: wanted }, (_, i) =>
        Number(sorted[Math.round((i * (sorted.length - 1)) / Math.max(1, wanted - 1))]!.toPrecision(4)),
      )
      const differences = this.measured.get(hook.layer)
      const negative = differences ? differences.filter((value) => value < 0).length / hook.channels : 0
      return {
        layer: hook.layer,
        stage: hook.stage,
        channels: hook.channels,
        bars,
        perplexity: perplexity(weights),
        negative,
      }
    })
    this.context.picture('attention', { v: 1, alpha, attention, recipe, layers } satisfies DeltaPicture)
  }

  save() {
    const tensors = new Map<string, PlainValue>(
      [...this.measured].map(([layer, data]) => [attentionName(layer), { shape: [data.length], data }]),
    )
    return { state: { weighed: this.constants.size > 0 }, ...(tensors.size > 0 && { tensors }) }
  }

  restore({ state, tensors }: { state: unknown; tensors: ReadonlyMap<string, PlainValue> }): void {
    if (!(state as { weighed: boolean }).weighed) return
    for (const { layer } of this.hooks) {
      const tensor = tensors.get(attentionName(layer))
      if (tensor) this.measured.set(layer, tensor.data)
    }
    this.weigh()
  }

  dispose(): void {
    tf.dispose([...this.constants.values()])
    this.constants.clear()
  }
}
