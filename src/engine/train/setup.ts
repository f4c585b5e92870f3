import type { LayerInfo } from '../../events/types'
import type { ModelSpec, ResolvedSpec } from '../../spec/schema'
import { UserError } from '../../spec/types'
import { openBackend } from '../backend'
import type { OpenBackend } from '../backend/types'
import { choosePrecision } from './precision'
import { loadModel } from '../formats'
import { mediaFolder } from '../media'
import {
  attachHead,
  featureLayer,
  inferShapes,
  inferStages,
  initialise,
  layerTable,
  matchParameters,
} from '../network'
import type { LoadedModel, NetworkGraph, PlainValue, Stage } from '../network/types'
import { RandomStream } from '../random'
import { isOwnStrategy, providedStrategy } from '../strategies/own'
import { strategies } from '../strategies/registry'
import type { PlanContext, Strategy } from '../strategies/types'
import { openImages, type ImageSource } from './images'
import { addOwned } from './owned'
import { checkDeviceLimits } from './deviceLimits'
import { stepsOf, stepsPerEpochOf } from './length'
import { planPhases, type PlannedPhase } from './plan'
import { insertStandardisation } from './standardise'

/** What a test or a notebook hands in instead of files. */
export interface Parts {
  model?: LoadedModel
  images?: ImageSource
  strategy?: Strategy
  teacher?: LoadedModel
}

/** A run before its first step: everything that follows from the run file alone. */
export interface Setup {
  spec: ResolvedSpec
  strategy: Strategy
  options: unknown
  backend: OpenBackend
  images: ImageSource
  /** Backbone with the head. */
  graph: NetworkGraph
  stages: Stage[]
  layers: LayerInfo[]
  /** Pre-trained values, and initial ones of what is new; plain, so that they survive a change of back end. */
  w0: Map<string, PlainValue>
  source: string
  /** Side of the square input. */
  size: number
  /** Layer whose output a probe calls features. */
  features: string
  steps: number
  stepsPerEpoch: number
  phases: PlannedPhase[]
  /** What the phases were planned from. */
  context: PlanContext
  /** The frozen second network, where the strategy has one. */
  teacher?: LoadedModel
}

/** @throws UserError for anything in the run file that the model, the data or the strategy cannot take */
export async function setUp(
  spec: ResolvedSpec,
  { base, cache }: { base: string; cache?: string },
  parts: Parts = {},
): Promise<Setup> {
  const { strategy, options } = findStrategy(spec, parts.strategy)
  const media = parts.model && parts.images ? '' : mediaFolder()
  const images = parts.images ?? (await openImages(spec, { base, media, cache }))
  const model = parts.model ?? (await loadModel(spec.model, { base, media }))
  const teacher = await loadTeacher(spec, strategy, options, model, {
    base,
    media,
    given: parts.teacher,
    classes: images.dataset.classes,
  })
  const opened = await openBackend(spec.backend, { seed: spec.train.seed, device: spec.device })
  const backend = choosePrecision(spec.train.precision, opened)
  const classes = images.dataset.classes.length
  const network = assemble(spec, strategy, options, model, classes)
  const { stages, pretrained } = network
  const own = { spec, stages, classes, pretrained, teacher: teacher?.graph }
  const random = (name: string) => new RandomStream(spec.train.seed, `own/${name}`)
  const { graph, values } = addOwned(
    network.graph,
    strategy.parameters?.(
      { ...own, graph: network.graph, values: network.w0, teacherValues: teacher?.values },
      options,
      random,
    ) ?? [],
  )
  const w0 = new Map([...network.w0, ...values])
  const size = spec.model.inputSize ?? graph.inputShape[0]
  const stepsPerEpoch = stepsPerEpochOf(spec.train, images.dataset.counts.train)
  const steps = stepsOf(spec.train, images.dataset.counts.train)
  const context: PlanContext = { ...own, graph, steps, stepsPerEpoch }
  const phases = planPhases(context, strategy, options)
  checkDeviceLimits(spec, graph, size)
  checkWatched(spec, images)
  checkActions(spec, graph)
  return {
    spec,
    strategy,
    options,
    backend,
    images,
    graph,
    stages,
    w0,
    features: network.features,
    layers: layerTable(graph),
    source: model.source,
    size,
    steps: phases.at(-1)?.to ?? 0,
    stepsPerEpoch,
    phases,
    context,
    ...(teacher && { teacher }),
  }
}

interface Places {
  base: string
  media: string
}

async function loadTeacher(
  spec: ResolvedSpec,
  strategy: Strategy,
  options: unknown,
  model: LoadedModel,
  { base, media, given, classes }: Places & { given?: LoadedModel; classes: readonly string[] },
): Promise<LoadedModel | undefined> {
  const wanted = strategy.teacher?.(options, spec)
  if (wanted === undefined) return undefined
  const keepHead = strategy.teacherHead?.(options) ?? false
  const file = wanted === 'self' ? spec.model : wanted
  const asIs = wanted === 'self' && !keepHead
  const teacher = given ?? (asIs ? model : await loadSecond(file, { base, media, keepHead }))
  if (teacher.values.size === 0) throw withoutTeacher(strategy, wanted, teacher)
  if (keepHead && teacher.classes && teacher.classes.join('/') !== classes.join('/'))
    throw new UserError(
      `strategy.teacher: ${teacher.source} tells other classes apart (${teacher.classes.join(', ')}) than the data has (${classes.join(', ')}); name a network that was trained on these`,
    )
  return teacher
}

async function loadSecond(wanted: ModelSpec, options: Places & { keepHead: boolean }): Promise<LoadedModel> {
  try {
    return await loadModel(wanted, options)
  } catch (error) {
    throw error instanceof UserError ? new UserError(`strategy: the second network: ${error.message}`) : error
  }
}

/** What is said where the frozen network has nothing to teach. */
function withoutTeacher({ meta }: Strategy, wanted: ModelSpec | 'self', { source }: LoadedModel): UserError {
  if (wanted !== 'self')
    return new UserError(
      `strategy.teacher: ${source} has no pre-trained weights to learn from; name a model file or a packaged network`,
    )
  const other =
    'teacher' in meta.options.shape ? ', or another network to learn from in strategy.teacher' : ''
  return new UserError(
    `strategy: ${meta.name} learns from a pre-trained network, and the model has no weights; name a model file or a packaged network in model.source${other}, or use "scratch"`,
  )
}

export function findStrategy(spec: ResolvedSpec, given?: Strategy): { strategy: Strategy; options: unknown } {
  const { name, ...rest } = spec.strategy
  const strategy = given ?? strategies.get(name) ?? providedStrategy(name)
  if (!strategy)
    throw new UserError(`strategy: there is no "${name}"; write one of ${[...strategies.keys()].join(', ')}`)
  const parsed = strategy.meta.options.safeParse(rest)
  if (parsed.success) return { strategy, options: parsed.data }
  const issue = parsed.error.issues[0]!
  throw new UserError(
    `strategy.${issue.path.join('.')}: ${issue.message}; ${isOwnStrategy(name) ? `see its options in ${name}` : `see docs/strategies/${name}.md`}`,
  )
}

export function assemble(
  spec: ResolvedSpec,
  strategy: Strategy,
  options: unknown,
  model: LoadedModel,
  classes: number,
) {
  if (classes < 2)
    throw new UserError(
      `data.source: there is only one class, nothing to tell apart; add a folder for a second class`,
    )
  const random = model.values.size === 0 || (strategy.fromScratch?.(options) ?? false)
  const backbone = random ? initialise(model.graph, new RandomStream(spec.train.seed, 'init')) : model.values
  const head = attachHead(model.graph, {
    classes,
    dropout: spec.model.dropout,
    std: spec.model.headStd,
    random: new RandomStream(spec.train.seed, 'head'),
  })
  const stages = inferStages(head.graph)
  const features = featureLayer(head.graph)
  const w0 = new Map([...backbone, ...head.values])
  const pretrained = !random
  if (!strategy.standardisesHead?.(options)) return { graph: head.graph, stages, features, w0, pretrained }
  const width = inferShapes(head.graph).get(features)!.at(-1)!
  const fixed = insertStandardisation(head.graph, width)
  return {
    graph: fixed.graph,
    stages,
    features,
    w0: new Map([...w0, ...fixed.values]),
    pretrained,
  }
}

/** A pattern that matches nothing must not come to light when half of the run is done. */
function checkActions(spec: ResolvedSpec, graph: NetworkGraph): void {
  for (const [i, { do: what }] of spec.train.actions.entries()) {
    if (typeof what === 'string' || 'rate' in what) continue
    const [kind, patterns] =
      'freeze' in what ? (['freeze', what.freeze] as const) : (['unfreeze', what.unfreeze] as const)
    try {
      matchParameters(graph, patterns)
    } catch (error) {
      throw error instanceof UserError
        ? new UserError(`train.actions[${i}].do.${kind}: ${error.message}`)
        : error
    }
  }
}

/** Choosing by the test images would make the reported number too good. */
function checkWatched(spec: ResolvedSpec, images: ImageSource): void {
  if (images.dataset.counts.val > 0) return
  const { earlyStopping, keep, test, evaluateEvery } = spec.train
  const field = earlyStopping
    ? 'train.earlyStopping'
    : keep === 'best'
      ? 'train.keep'
      : test === false && evaluateEvery !== undefined
        ? 'train.evaluateEvery'
        : undefined
  if (field)
    throw new UserError(
      `${field}: there are no validation images to choose by; set data.split.val, for example to 0.2, or leave ${field} out`,
    )
}
