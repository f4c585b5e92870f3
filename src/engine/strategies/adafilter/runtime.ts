import type { AdaFilterPicture } from '../../../events/pictures/adafilter'
import type { Tensor } from '../../backend'
import { runGraph } from '../../network'
import { decideHard } from '../../network/gating'
import { floats } from '../../optim/floats'
import { RandomStream } from '../../random'
import { compareGates } from '../routing/ablations'
import { otherGates } from '../routing/deciders'
import { chooseBranches } from '../routing/fixed'
import { frozenName, twoBranches } from '../routing/names'
import { RouteTally } from '../routing/tally'
import type { RuntimeContext, StepTaken, StrategyRuntime } from '../types'
import { gatesOf } from './gates'
import type { Options } from './meta'
import type { Site, Structure } from './sites'
import { FilterUsage } from './usage'

/** Decides without noise in evaluations, and tells which filters were taken for whom. */
export class AdaFilterRuntime implements StrategyRuntime {
  private readonly tally: RouteTally
  private readonly usage: FilterUsage
  private training?: number[]
  private stateNorm?: number[]

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: Options,
    private readonly structure: Structure,
  ) {
    const { sites } = structure
    this.tally = new RouteTally(sites.length, context.classes, context.items)
    this.usage = new FilterUsage(sites.map(({ filters }) => filters))
  }

  enter(phase: number): Promise<void> {
    if (phase === 0)
      this.context.emit({
        kind: 'log',
        level: 'info',
        message:
          'AdaFilter here is a reconstruction: equations and code of the paper are not public; docs/strategies/adafilter.md says what is known',
      })
    return Promise.resolve()
  }

  afterStep({ observed: { shares, states } }: StepTaken): void {
    if (!shares) return
    this.training = Array.from(floats(shares), (share) => Math.round(100 * share))
    this.stateNorm = Array.from(floats(states!), (norm) => Number(norm.toPrecision(3)))
  }

  infer(x: Tensor, items?: Int32Array): Tensor {
    const { sites, decides } = this.structure
    if (!decides) return this.fixed(x)
    const shares: number[][] = []
    const output = this.run(x, (layer, logits) => {
      const gates = decideHard(logits, 'sign')
      if (items) {
        const index = sites.findIndex(({ conv }) => gatesOf(conv) === layer)
        shares[index] = this.usage.add(index, floats(gates), floats(logits))
      }
      return gates
    })
    if (items)
      this.tally.add(
        items,
        [...items].flatMap((_, i) => shares.map((layer) => layer[i]!)),
      )
    return output
  }

  pictures(): void {
    this.tell()
  }

  async leave(): Promise<undefined> {
    if (this.options.compare && this.structure.decides)
      this.tell(await compareGates(this.context, this.kinds()))
    return undefined
  }

  /** What stays true until the next evaluation, or to the end: every picture has it, since only the last is shown. */
  private known: Pick<AdaFilterPicture, 'routed' | 'filters' | 'onTheFence' | 'ablations'> = {}

  private tell(ablations?: AdaFilterPicture['ablations']): void {
    const { sites, decides } = this.structure
    const routed = this.tally.summary()
    this.known = {
      ...this.known,
      ...(routed && { routed }),
      ...this.usage.summary(),
      ...(ablations && { ablations }),
    }
    const picture: AdaFilterPicture = {
      v: 1,
      reconstruction: true,
      layers: sites.map(({ conv, label, stage, filters: count }) => ({
        layer: conv,
        block: label,
        stage,
        filters: count,
      })),
      ...this.known,
      ...(this.training && { training: this.training }),
      ...(this.stateNorm && { stateNorm: this.stateNorm }),
      normDistance: sites.map((site) => (decides ? this.normDistance(site) : null)),
    }
    this.context.picture('gates', picture)
    this.tally.clear()
    this.usage.clear()
  }

  /** See `AdaFilterPicture.normDistance`. */
  private normDistance({ norm }: Site): number | null {
    const node = this.context.graph.nodes.find(({ name }) => name === norm)
    if (!node || !this.options.gatedNorm) return null
    const { graph, bank, w0 } = this.context
    const values = twoBranches(graph, bank, w0)
    const { mean, variance } = node.parameters
    const [own, frozen, spread] = [mean!, frozenName(mean!), frozenName(variance!)].map((name) =>
      values.get(name).dataSync(),
    ) as [Float32Array, Float32Array, Float32Array]
    const total = own.reduce((sum, m, i) => sum + Math.abs(m - frozen[i]!) / Math.sqrt(spread[i]! + 1e-12), 0)
    return Number((total / own.length).toPrecision(3))
  }

  private run(x: Tensor, decide: (layer: string, logits: Tensor) => Tensor): Tensor {
    const { graph, bank, w0 } = this.context
    return runGraph(this.structure.graph, x, { parameters: twoBranches(graph, bank, w0), decide }).output
  }

  private fixed(x: Tensor): Tensor {
    const { graph, bank, w0 } = this.context
    const { sites } = this.structure
    const plain = chooseBranches(
      graph,
      sites,
      sites.map(() => this.options.gates === 'all-tuned'),
    )
    return runGraph(plain, x, { parameters: twoBranches(graph, bank, w0) }).output
  }

  /** Other ways to decide, for the comparison at the end. */
  private kinds(): Map<string, (x: Tensor) => Tensor> {
    const others = otherGates(new RandomStream(this.context.spec.train.seed, 'random gates'))
    return new Map(
      [...others].map(([kind, other]) => [
        kind,
        (x) => this.run(x, (_, logits) => other(decideHard(logits, 'sign'))),
      ]),
    )
  }
}
