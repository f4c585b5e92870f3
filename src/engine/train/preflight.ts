import type { ResolvedSpec } from '../../spec/schema'
import type { Problem } from '../../spec/types'
import { largestBatch, predictBytes, wasmLimitBytes } from '../backend/memory'
import { auditDataset, openDataset } from '../data'
import { loadModel } from '../formats'
import { mediaFolder } from '../media'
import { attachHead, inputShapeOf, layerCosts, matchParameters } from '../network'
import type { NetworkGraph } from '../network/types'
import { RandomStream } from '../random'
import { costOfRun, type RunCost } from './cost'
import { NotFiniteError } from './failure'
import { checked } from './problems'
import { TrainingSession } from './session'
import { silent } from './silent'
import { secondsPerMultiplyAdd } from './speed'

/** What a run will take, before it is started. */
export interface Estimate {
  steps: number
  /**
   * Of one step of the costliest phase: measured where the run begins with it, else by its multiply-adds from a plain
   * step of the network on this machine.
   */
  stepSeconds: number
  /** Of the whole run, evaluations on the way and at the end among it. */
  seconds: number
  bytes: number
  /** Largest batch that fits the back end's memory; undefined without a limit. */
  largestBatch?: number
  backend: string
  parameters: number
  /** Of a forward pass, for one image. */
  multiplyAdds: number
  /** Of a step in the costliest phase, and of a full fine-tuning step, for one image. */
  stepMultiplyAdds: number
  fullMultiplyAdds: number
  /** Of the exported network, for one image. */
  exportedMultiplyAdds: number
  classes: string[]
  counts: { train: number; val: number; test: number }
}

export interface Preflight {
  problems: Problem[]
  /** Missing where a problem kept it from being made. */
  estimate?: Estimate
}

/** Steps that are tried: the first warms up, the others are timed. */
const TRIED = 3

/**
 * All that can be wrong with a run file and that takes the model, the data or the machine to see. Finds as many
 * problems as it can in one go; writes nothing but the cache.
 * @param audit also looks into every image (`data.source` findings)
 */
export async function preflight(
  spec: ResolvedSpec,
  env: { base: string; cache?: string },
  { audit = true, dry = true }: { audit?: boolean; dry?: boolean } = {},
): Promise<Preflight> {
  const problems: Problem[] = []
  const media = await checked(problems, '', () => mediaFolder())
  if (media === undefined) return { problems }
  const places = { ...env, media }
  const dataset = await checked(problems, 'data.source', () => openDataset(spec.data, places))
  const findings =
    dataset && audit ? await checked(problems, 'data.source', () => auditDataset(dataset)) : dataset?.findings
  for (const { severity, message } of findings ?? [])
    problems.push({ severity, path: 'data.source', message })
  const model = await checked(problems, spec.model.cut === undefined ? 'model.source' : 'model.cut', () =>
    loadModel(spec.model, places),
  )
  if (model) {
    const graph = await checked(problems, 'data.source', () =>
      withHead(spec, model.graph, dataset?.classes.length ?? 2),
    )
    if (graph) await checkPatterns(spec, graph, problems)
    if (graph) checkMemory(spec, graph, problems)
  }
  if (problems.some(({ severity }) => severity === 'error')) return { problems }
  const estimate = await checked(problems, '', () => tryOut(spec, env, dry, problems))
  return { problems, ...(estimate && { estimate }) }
}

function withHead(spec: ResolvedSpec, graph: NetworkGraph, classes: number): NetworkGraph {
  const random = new RandomStream(spec.train.seed, 'head')
  return attachHead(graph, { classes, dropout: spec.model.dropout, std: spec.model.headStd, random }).graph
}

/** Each pattern by its own path, so that every one that matches nothing is told. */
async function checkPatterns(spec: ResolvedSpec, graph: NetworkGraph, problems: Problem[]): Promise<void> {
  for (const [i, { train }] of (spec.freeze ?? []).entries())
    for (const [j, pattern] of train.entries())
      await checked(problems, `freeze[${i}].train[${j}]`, () => matchParameters(graph, [pattern]))
  for (const [i, { do: what }] of spec.train.actions.entries()) {
    if (typeof what === 'string' || 'rate' in what) continue
    const [kind, patterns] =
      'freeze' in what ? (['freeze', what.freeze] as const) : (['unfreeze', what.unfreeze] as const)
    for (const [j, pattern] of patterns.entries())
      await checked(problems, `train.actions[${i}].do.${kind}[${j}]`, () => matchParameters(graph, [pattern]))
  }
}

/** Weights that are neither pre-trained nor ever trained: allowed, since it is a baseline, but seldom meant. */
function checkRandom({ setup, spec }: TrainingSession, problems: Problem[]): void {
  if (setup.context.pretrained || spec.train.initialize !== undefined) return
  const head = new Set(setup.graph.nodes.filter(({ stage }) => stage === 'head').map(({ name }) => name))
  const idle = [...setup.graph.parameters.values()].filter(
    (parameter) =>
      parameter.role === 'kernel' &&
      parameter.owned === undefined &&
      !head.has(parameter.layer) &&
      setup.phases.every(({ phase }) => !phase.trains(parameter)),
  )
  if (idle.length === 0) return
  problems.push({
    severity: 'warning',
    path: spec.freeze ? 'freeze' : 'strategy',
    message: `the model has no pre-trained weights, and ${idle.length} layers that nothing trains stay as they were drawn`,
    hint: 'name a model file or a packaged network in model.source, or use "scratch"',
  })
}

function costsOf(spec: ResolvedSpec, graph: NetworkGraph) {
  return layerCosts(graph, inputShapeOf(graph, spec.model.inputSize))
}

/** Before anything is opened, by the network alone; what a strategy adds is looked at when it is open. */
function checkMemory(spec: ResolvedSpec, graph: NetworkGraph, problems: Problem[]): void {
  if (spec.backend !== 'wasm' && spec.backend !== 'auto') return
  const costs = costsOf(spec, graph)
  const bytes = predictBytes(costs, spec.train.batchSize)
  if (bytes > wasmLimitBytes) problems.push(tooLarge(spec, bytes, largestBatch(costs)))
}

function tooLarge({ train: { batchSize } }: ResolvedSpec, bytes: number, fits: number): Problem {
  return {
    severity: 'error',
    path: 'train.batchSize',
    message: `${batchSize} images a step take about ${(bytes / 2 ** 30).toFixed(1)} GB, and the wasm back end has 4 GB`,
    hint:
      fits > 0
        ? `write ${fits} or less (train.optimizer.accumulate keeps the effective size), or a smaller model.inputSize`
        : 'write a smaller model.inputSize; not even one image fits',
  }
}

/** Opens the run as it would be, and takes a few steps of it that are thrown away. */
async function tryOut(
  spec: ResolvedSpec,
  env: { base: string; cache?: string },
  dry: boolean,
  problems: Problem[],
): Promise<Estimate> {
  const session = await TrainingSession.open(
    { ...spec, train: { ...spec.train, measureEvery: 1_000_000 } },
    { ...env, runId: 'preflight', sink: silent },
  )
  try {
    const { setup } = session
    checkRandom(session, problems)
    const cost = costOfRun(setup)
    const limited = setup.backend.name === 'wasm'
    const fits = !limited || cost.bytes <= wasmLimitBytes
    if (!fits) problems.push(tooLarge(spec, cost.bytes, cost.largestBatch))
    const { stepSeconds, seconds } =
      dry && fits ? await timed(session, cost, problems) : { stepSeconds: NaN, seconds: NaN }
    return {
      steps: setup.steps,
      stepSeconds,
      seconds,
      bytes: cost.bytes,
      ...(limited && { largestBatch: cost.largestBatch }),
      backend: setup.backend.name,
      parameters: setup.layers.reduce((sum, layer) => sum + layer.parameters, 0),
      multiplyAdds: cost.forward,
      stepMultiplyAdds: Math.max(...cost.phases),
      fullMultiplyAdds: cost.full,
      exportedMultiplyAdds: cost.infer,
      classes: [...setup.images.dataset.classes],
      counts: { ...setup.images.dataset.counts },
    }
  } finally {
    await session.dispose()
  }
}

/** A step of the costliest phase and the whole run, from what is measured here. */
async function timed(
  session: TrainingSession,
  cost: RunCost,
  problems: Problem[],
): Promise<{ stepSeconds: number; seconds: number }> {
  const { setup, spec } = session
  const { measured, solving } = await timeSteps(session, problems)
  const standing = session.phase.index
  const largest = Math.max(...cost.phases)
  // a cheaper phase, and one whose frozen part is kept, says little of the others
  const unit =
    cost.phases[standing] === largest
      ? measured / largest
      : secondsPerMultiplyAdd(session, cost) * spec.train.batchSize * spec.train.optimizer.accumulate
  const of = (phase: number): number => (phase === standing ? measured : cost.phases[phase]! * unit)
  const steps = setup.phases.reduce((sum, { from, to, index }) => sum + (to - from) * of(index), 0)
  return {
    stepSeconds: cost.phases[standing] === largest ? measured : largest * unit,
    seconds: steps + solving + evaluationSeconds(session, cost, unit),
  }
}

async function timeSteps(
  session: TrainingSession,
  problems: Problem[],
): Promise<{ measured: number; solving: number }> {
  const began = performance.now()
  await session.advance()
  const solving = (performance.now() - began) / 1000
  const times: number[] = []
  try {
    for (let i = 0; i < TRIED && !session.done; i++) {
      const before = performance.now()
      await session.step()
      times.push((performance.now() - before) / 1000)
    }
  } catch (error) {
    if (!(error instanceof NotFiniteError)) throw error
    problems.push(notFinite(session, error))
  }
  const timed = times.length > 1 ? times.slice(1) : times
  return { measured: timed.length ? Math.min(...timed) : 0, solving }
}

function notFinite({ spec }: TrainingSession, { origin }: NotFiniteError): Problem {
  if (origin?.what === 'weights')
    return {
      severity: 'error',
      path: spec.train.initialize === undefined ? 'model.source' : 'train.initialize',
      message: `layer ${origin.layer} has weights that are not finite`,
      hint: 'use another file; nothing can be trained from these',
    }
  return {
    severity: 'error',
    path: 'train.optimizer.rate',
    message: `a trial of the first steps gave numbers that are not finite${origin ? `, from layer ${origin.layer} on` : ''}`,
    hint: 'write a lower rate, or set train.optimizer.clipNorm',
  }
}

/** A forward pass is about a third of a step. */
function evaluationSeconds({ spec, setup }: TrainingSession, { infer }: RunCost, unit: number): number {
  const { val, test } = setup.images.dataset.counts
  const perImage = (unit * infer) / (spec.train.batchSize * spec.train.optimizer.accumulate)
  const { evaluateEvery } = spec.train
  const onTheWay = evaluateEvery ? Math.floor(setup.steps / evaluateEvery) : 0
  return perImage * (onTheWay * (val || test) + val + test)
}
