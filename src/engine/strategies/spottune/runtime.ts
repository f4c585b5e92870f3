import type { SpotTunePicture } from '../../../events/pictures/spottune'
import { tf, type Tensor } from '../../backend'
import { runGraph } from '../../network'
import { decideHard } from '../../network/gating'
import type { NetworkGraph } from '../../network/types'
import { floats } from '../../optim/floats'
import { RandomStream } from '../../random'
import { compareGates } from '../routing/ablations'
import { otherGates } from '../routing/deciders'
import { runGathered } from '../routing/gathered'
import { gumbelGates } from '../routing/gates'
import { twoBranches } from '../routing/names'
import { RouteTally } from '../routing/tally'
import type { RuntimeContext, StepTaken, StrategyRuntime } from '../types'
import { gumbel } from './forward'
import type { Options } from './meta'
import { GATES } from './policy'
import { fixedGraph, fixedRoutes, follow, type RouteState } from './routes'
import { sureness } from './sureness'
import type { Structure } from './structure'

/** What a checkpoint holds beside weights. */
export interface SpotTuneState extends RouteState {
  /** Layers and parameters of a pre-trained policy's backbone: its file is not opened again for the finished network. */
  pretrained?: Omit<NetworkGraph, 'parameters'> & { parameters: [string, unknown][] }
}

/** Follows the routes of training, decides without noise in evaluations, and tells who was routed where. */
export class SpotTuneRuntime implements StrategyRuntime {
  private state: RouteState
  private readonly tally: RouteTally
  /** What stays true until the next evaluation, or to the end: every picture has it, since only the last is shown. */
  private known: Pick<SpotTunePicture, 'routed' | 'routes' | 'ablations'> = {}
  private sums = { agreement: 0, entropy: 0, steps: 0 }
  private distinct = new Set<string>()

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: Options,
    private readonly structure: Structure,
  ) {
    this.state = { usage: structure.blocks.map(() => 0), steps: 0 }
    this.tally = new RouteTally(structure.blocks.length, context.classes, context.items)
  }

  afterStep({ observed }: StepTaken): void {
    const { gates, certain, logits } = observed
    if (!gates) return
    const { spec, items } = this.context
    const images = items.filter(({ split }) => split === 'train').length
    const window = Math.ceil(images / (spec.train.batchSize * spec.train.optimizer.accumulate))
    const shares = tf.tidy(() => [...tf.mean(gates, 0).dataSync()])
    this.state = follow(this.state, shares, window)
    const { agreement, entropy } = sureness(floats(gates), floats(certain!), floats(logits!))
    this.sums.agreement += agreement
    this.sums.entropy += entropy
    this.sums.steps++
  }

  infer(x: Tensor, items?: Int32Array): Tensor {
    const { graph, bank, w0 } = this.context
    const parameters = twoBranches(graph, bank, w0)
    const fixed = fixedRoutes(this.structure, this.options, this.state)
    if (fixed) {
      if (items) this.record(items, Float32Array.from(items.length > 0 ? repeat(fixed, items.length) : []))
      return runGraph(fixedGraph(graph, this.structure, fixed), x, { parameters }).output
    }
    const decide = (_: string, logits: Tensor): Tensor => {
      const gates =
        this.options.sampleAtTest && items ? this.sampled(logits, items) : decideHard(logits, 'pair')
      if (items) this.record(items, floats(gates))
      return gates
    }
    return this.options.gather
      ? runGathered(this.structure.graph, this.structure.blocks, GATES, x, { parameters, decide })
      : runGraph(this.structure.graph, x, { parameters, decide }).output
  }

  pictures(): void {
    this.tell()
  }

  async leave(phase: number): Promise<undefined> {
    const { structure, options, context } = this
    const last = phase === (options.warmup > 0 && options.warmup < context.steps ? 1 : 0)
    if (last && options.compare && structure.policy && options.k === undefined)
      this.tell(await compareGates(context, this.kinds()))
    return undefined
  }

  save(): { state: SpotTuneState } {
    const { teacher } = this.context
    if (!teacher) return { state: this.state }
    const { parameters, ...graph } = teacher.graph
    return { state: { ...this.state, pretrained: { ...graph, parameters: [...parameters] } } }
  }

  restore({ state }: { state: unknown }): void {
    const { usage, steps } = state as SpotTuneState
    this.state = { usage, steps }
  }

  private tell(ablations?: SpotTunePicture['ablations']): void {
    const { blocks } = this.structure
    const { agreement, entropy, steps } = this.sums
    const fixed = fixedRoutes(this.structure, this.options, this.state)
    const routed = this.tally.summary()
    this.known = {
      ...this.known,
      ...(routed && { routed, routes: this.distinct.size }),
      ...(ablations && { ablations }),
    }
    const picture: SpotTunePicture = {
      v: 1,
      blocks: blocks.map(({ label, stage }) => ({ label, stage })),
      ...this.known,
      ...(fixed && { fixed }),
      training: {
        percent: this.state.usage.map((share) => Math.round(100 * share)),
        ...(steps > 0 && { agreement: round(agreement / steps), entropy: round(entropy / steps) }),
      },
    }
    this.context.picture('routing', picture)
    this.sums = { agreement: 0, entropy: 0, steps: 0 }
    this.tally.clear()
    this.distinct = new Set()
  }

  private record(items: Int32Array, gates: Float32Array): void {
    const { length } = this.structure.blocks
    this.tally.add(items, gates)
    for (let i = 0; i < items.length; i++)
      this.distinct.add(gates.subarray(i * length, (i + 1) * length).join(''))
  }

  /** Drawn as in training, from the seed and the image, so that an evaluation can be repeated. */
  private sampled(logits: Tensor, items: Int32Array): Tensor {
    const { length } = this.structure.blocks
    const noise = [...items].flatMap((item) => {
      const random = new RandomStream(this.context.spec.train.seed, `route/${item}`)
      return Array.from(
        { length: 2 * length },
        () => -Math.log(-Math.log(1 - random.uniform()) || Number.MIN_VALUE),
      )
    })
    return gumbelGates(
      logits,
      tf.tensor(noise, gumbel(items.length, length).shape as [number, number, number]),
      1,
    )
  }

  /** Other ways to decide, for the comparison at the end. */
  private kinds(): Map<string, (x: Tensor) => Tensor> {
    const { graph, bank, w0, spec } = this.context
    const others = otherGates(new RandomStream(spec.train.seed, 'random routes'))
    return new Map(
      [...others].map(([kind, other]) => [
        kind,
        (x) =>
          runGraph(this.structure.graph, x, {
            parameters: twoBranches(graph, bank, w0),
            decide: (_, logits) => other(decideHard(logits, 'pair')),
          }).output,
      ]),
    )
  }
}

const round = (value: number): number => Math.round(1000 * value) / 1000

const repeat = (row: readonly boolean[], times: number): number[] =>
  Array.from({ length: times }, () => row.map(Number)).flat()
