import type { Tensor } from '@tensorflow/tfjs-core'
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
import { attentionPicture, distancePicture } from './pictures'
import { channelWeights } from './weights'

/** Name of a layer's measured differences in `train.inputs`, and of its weights among the constants. */
export const attentionName = (layer: string): string => `attention.${layer}`

/** Whether the loss weighs channels. */
export const attends = ({ form, alpha }: Options): boolean => form === 'attended' && alpha > 0

/** Images that the distances of a picture are averaged over. */
const PICTURED = 8

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
    const { spec, phaseName } = this.context
    // phases of a freeze list have names of their own
    const tunes = spec.freeze?.length ? true : phaseName === 'fine-tune'
    if (!attends(this.options) || !tunes || this.constants.size > 0) return
    const found =
      this.options.attention === 'uniform'
        ? new Map<string, Float32Array>()
        : (this.given() ?? (await this.measure()))
    if (!found) return 'stopped'
    this.measured = found
    this.weigh()
    if (phase > 0 && phaseName === 'fine-tune' && this.options.head === 'fresh') this.renewHead()
    this.tell()
  }

  /** @throws UserError where some layers are given and others not, or all are needed */
  private given(): Map<string, Float32Array> | undefined {
    const { inputs } = this.context
    if (
      this.options.attention !== 'given' &&
      !this.hooks.some(({ layer }) => inputs.has(attentionName(layer)))
    )
      return undefined
    return new Map(
      this.hooks.map(({ layer, channels }) => {
        const tensor = inputs.get(attentionName(layer))
        if (tensor?.data.length !== channels)
          throw new UserError(
            `train.inputs: "${attentionName(layer)}" [${channels}] is ${tensor ? `[${tensor.shape.join(', ')}]` : 'missing'}; attention that is given is one value for each channel of each hooked layer`,
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
    const { context, hooks, measured, options } = this
    const weights = new Map(hooks.map((hook) => [hook.layer, this.weightsOf(hook)]))
    context.picture('attention', attentionPicture(hooks, weights, measured, options))
  }

  async pictures(): Promise<void> {
    const { context, hooks, options } = this
    if (options.alpha === 0 || context.phaseName === 'head') return
    const random = new RandomStream(context.spec.train.seed, 'pictures')
    const only = sampleItems(context.items, 'train', PICTURED, random)
    for await (const { images, shape } of context.images('train', PICTURED, only)) {
      const x = tf.tensor4d(images, [...shape])
      const weights = new Map(hooks.map((hook) => [hook.layer, this.weightsOf(hook)]))
      try {
        context.picture('feature-distance', await distancePicture(context, hooks, weights, x))
      } finally {
        x.dispose()
      }
      return
    }
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
