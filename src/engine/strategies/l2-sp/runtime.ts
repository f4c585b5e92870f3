import type { Tensor } from '@tensorflow/tfjs-core'
import type { FisherPicture } from '../../../events/pictures/l2-sp'
import { UserError } from '../../../spec/types'
import { tf } from '../../backend'
import { fromOrigin, originShape, toOrigin } from '../../formats'
import type { ParameterInfo, PlainValue } from '../../network/types'
import { floats } from '../../optim/floats'
import type { RuntimeContext, StrategyRuntime } from '../types'
import { logHistogram } from '../histogram'
import { filterDistances, HISTOGRAM } from './distances'
import { conditioned, estimateFisher, meanOf } from './fisher'
import { fisherName } from './penalty'
import { openFisher } from './scores'
import { groupAxes, inScope, usesFisher, type Options } from './strengths'

interface SavedState {
  fisher?: Pick<FisherPicture, 'data' | 'head' | 'images'>
}

/** Estimates or takes the Fisher information where the variant has one, and shows how far each filter went. */
export class L2spRuntime implements StrategyRuntime {
  readonly constants = new Map<string, Tensor>()
  private about: SavedState['fisher']

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: Options,
  ) {}

  private get weighted(): ParameterInfo[] {
    return [...this.context.graph.parameters.values()].filter(
      (parameter) => parameter.pretrained && inScope(parameter, this.options.scope),
    )
  }

  async enter(): Promise<void | 'stopped'> {
    if (!usesFisher(this.options.variant) || this.constants.size > 0) return
    const found = this.given() ?? (await this.estimated())
    if (!found) return 'stopped'
    this.about = found.about
    this.keep(found.values)
    this.tell(found.values)
  }

  private keep(fisher: ReadonlyMap<string, Float32Array>): void {
    for (const [name, values] of fisher)
      this.constants.set(fisherName(name), tf.keep(tf.tensor(values, this.context.bank.get(name).shape)))
  }

  /** As they are in `train.inputs`. @throws UserError for a parameter without one, or of another shape */
  private given() {
    const { inputs } = this.context
    if (
      this.options.fisher.data !== 'given' &&
      !this.weighted.some(({ name }) => inputs.has(fisherName(name)))
    )
      return undefined
    const values = new Map<string, Float32Array>()
    for (const info of this.weighted) {
      const tensor = inputs.get(fisherName(info.name))
      const wanted = originShape(info)
      if (!tensor || tensor.shape.join() !== wanted.join())
        throw new UserError(
          `train.inputs: "${fisherName(info.name)}" [${wanted.join(', ')}] is ${tensor ? `[${tensor.shape.join(', ')}]` : 'missing'}; the Fisher information of every weight in strategy.scope is needed`,
        )
      values.set(info.name, fromOrigin(info, tensor.data).data)
    }
    return { values, about: { data: 'given' as const, images: 0 } }
  }

  private async estimated() {
    const { fisher } = this.options
    const { context } = this
    const opened = await openFisher(context, fisher)
    try {
      const labels = fisher.labels === 'auto' ? (opened.classes <= 50 ? 'exact' : 'sampled') : fisher.labels
      const weights = new Map(this.weighted.map(({ name }) => [name, context.w0.get(name)]))
      const values = await estimateFisher({
        scores: opened.scores,
        weights,
        images: opened.images,
        labels,
        random: opened.random,
        progress: (done) => {
          context.progress('Fisher information', done, opened.count)
          return context.stopped()
        },
      })
      const data = fisher.data === 'source' ? ('source' as const) : ('target' as const)
      const about = { data, head: opened.head, images: opened.count }
      return values && { values: conditioned(values, fisher), about }
    } finally {
      opened.dispose()
    }
  }

  private tell(fisher: ReadonlyMap<string, Float32Array>): void {
    const mean = meanOf(fisher)
    const rows = [...fisher].map(([parameter, values]) => ({
      parameter,
      values: values.length,
      mean: meanOf(new Map([[parameter, values]])),
      histogram: logHistogram(values, HISTOGRAM),
    }))
    this.context.picture('fisher', { v: 1, ...this.about!, mean, rows } satisfies FisherPicture)
    if (mean < 1e-8)
      this.context.emit({
        kind: 'alarm',
        step: this.context.step,
        code: 'fisher-vanishes',
        message: `the Fisher information is ${mean.toExponential(1)} on average, so the penalty hardly acts; set strategy.fisher.normalise to true, or a larger alpha`,
      })
  }

  pictures(): void {
    const { graph, stages, bank, w0 } = this.context
    this.context.picture('filter-distances', filterDistances({ graph, stages, bank, w0 }, groupAxes(graph)))
  }

  save() {
    const tensors = new Map<string, PlainValue>()
    for (const info of this.weighted) {
      const tensor = this.constants.get(fisherName(info.name))
      if (tensor) tensors.set(fisherName(info.name), toOrigin(info, floats(tensor)))
    }
    const state: SavedState = { fisher: this.about }
    return { state, ...(tensors.size > 0 && { tensors }) }
  }

  restore({ state, tensors }: { state: unknown; tensors: ReadonlyMap<string, PlainValue> }): void {
    this.about = (state as SavedState).fisher
    const values = new Map<string, Float32Array>()
    for (const info of this.weighted) {
      const tensor = tensors.get(fisherName(info.name))
      if (tensor) values.set(info.name, fromOrigin(info, tensor.data).data)
    }
    this.keep(values)
  }

  dispose(): void {
    tf.dispose([...this.constants.values()])
    this.constants.clear()
  }
}
