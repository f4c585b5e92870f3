import { tf, type Tensor } from '../backend'
import type { ImageBatch } from '../data/types'
import { countCorrect } from '../evaluate'
import { clipByGlobalNorm, globalNorm, GradientAccumulator } from '../optim'
import type { ParameterInfo } from '../network/types'
import type { ParameterRate } from '../optim/types'
import type { Constants } from '../strategies/types'
import { NotFiniteError } from './failure'
import { pixels, whole } from './cachedForward'
import { imagesAreFixed } from './images'
import { computeObjective, disposeStatistics, type ObjectiveResult, type StatisticsUpdate } from './objective'
import { findOrigin } from './origin'
import { applyStatistics } from './runningStatistics'
import type { TrainingSession } from './session'
import { yieldNow } from './yieldNow'

export interface TakenStep {
  loss: number
  parts: Record<string, number>
  /** On the training batch itself. */
  accuracy: number
  measured: boolean
  /** Of this step, and the values before it; only when measured. */
  gradients: Map<string, Tensor>
  before: Map<string, Tensor>
  ms: { data: number; compute: number; update: number }
  dispose(): void
}

/**
 * Takes one optimizer step: batches, loss and gradients, clipping, update, pull, running statistics, in this order.
 * @throws NotFiniteError with the weights, the streams and the optimizer as they were before
 */
export async function takeStep(
  session: TrainingSession,
  rates: ReadonlyMap<string, ParameterRate>,
  measured: boolean,
): Promise<TakenStep> {
  const { spec, stream, dropout, noise, bank, optimizer, runtime } = session
  const began = { batches: stream.state(), dropout: dropout.state(), noise: noise.state() }
  const { accumulate, clipNorm } = spec.train.optimizer
  const accumulator = new GradientAccumulator(accumulate)
  const statistics: StatisticsUpdate[] = []
  const totals = new Totals()
  const ms = { data: 0, compute: 0, update: 0 }
  const held: Tensor[] = []
  let gradients = new Map<string, Tensor>()
  let last: Attempt | undefined
  try {
    while (!accumulator.full) {
      const started = performance.now()
      const batch = await stream.next()
      const drawn = performance.now()
      const dropoutBefore = dropout.state()
      const noiseBefore = noise.state()
      let attempt = await objectiveOf(session, batch)
      let norm = globalNorm(attempt.result.gradients)
      while (session.lossScale.backsOff(norm)) {
        tf.dispose([...tensorsOf(attempt), ...attempt.result.gradients.values()])
        disposeStatistics(attempt.result.statistics)
        dropout.restore(dropoutBefore)
        noise.restore(noiseBefore)
        attempt = await objectiveOf(session, batch)
        norm = globalNorm(attempt.result.gradients)
      }
      const { result } = attempt
      statistics.push(...result.statistics)
      held.push(...tensorsOf(attempt), ...result.gradients.values())
      const finite = await totals.add(result, batch.labels)
      if (!finite || !Number.isFinite(norm)) {
        const origin = originOf(session, await whole(batch), result, dropoutBefore)
        stream.restore(began.batches)
        dropout.restore(began.dropout)
        noise.restore(began.noise)
        throw new NotFiniteError(session.steps, origin)
      }
      accumulator.add(result.gradients)
      tf.dispose([...result.gradients.values()])
      held.length = 0
      if (accumulator.full && runtime?.afterStep) held.push(...tensorsOf((last = attempt)))
      else tf.dispose(tensorsOf(attempt))
      ms.data += drawn - started
      ms.compute += performance.now() - drawn
      await yieldNow()
    }
    const updating = performance.now()
    gradients = accumulator.take()
    if (clipNorm !== undefined) clipByGlobalNorm(gradients, clipNorm)
    const before = new Map<string, Tensor>()
    if (measured) for (const name of gradients.keys()) before.set(name, tf.clone(bank.get(name)))
    const pulls = pullsOf(session)
    optimizer.apply(bank, gradients, (name) => rates.get(name)!)
    applyPulls(session, pulls, rates)
    project(session, rates)
    applyStatistics(bank, statistics)
    session.lossScale.stepped()
    if (last) await runtime?.afterStep?.({ ...seen(last), rates, ...totals.mean() })
    ms.update = performance.now() - updating
    const taken = gradients
    gradients = new Map()
    return {
      ...totals.mean(),
      measured,
      gradients: taken,
      before,
      ms,
      dispose: () => tf.dispose([...taken.values(), ...before.values()]),
    }
  } finally {
    accumulator.dispose()
    disposeStatistics(statistics)
    tf.dispose([...held, ...gradients.values()])
  }
}

/** One batch through the objective. */
interface Attempt {
  batch: ImageBatch
  x: Tensor
  labels: Tensor
  result: ObjectiveResult
}

async function objectiveOf(session: TrainingSession, batch: ImageBatch): Promise<Attempt> {
  const { graph, active, bank, origin, dropout, features, spec, steps, noise, teacher, setup, runtime } =
    session
  const { x, from } = await features.input(batch, imagesAreFixed(spec))
  const labels = tf.tensor1d(batch.labels, 'int32')
  let teacherHooks: ReadonlyMap<string, Tensor> | undefined
  try {
    teacherHooks = await teacherHooksOf(session, batch)
    const result = computeObjective({
      graph,
      active,
      bank,
      w0: origin,
      x,
      from,
      labels,
      dropout,
      steps,
      total: setup.steps,
      items: batch.items,
      teacher,
      teacherHooks,
      constants: runtime?.constants,
      noise,
      scale: session.lossScale.factor,
    })
    return { batch, x, labels, result }
  } catch (error) {
    tf.dispose([x, labels])
    throw error
  } finally {
    tf.dispose([...(teacherHooks?.values() ?? [])])
  }
}

async function teacherHooksOf(session: TrainingSession, batch: ImageBatch) {
  const { active, spec, teacherFeatures } = session
  const { teacherHooks: layers = [] } = active.planned.phase
  if (layers.length === 0 || !teacherFeatures) return undefined
  return teacherFeatures.outputs(batch, layers, imagesAreFixed(spec))
}

const tensorsOf = ({ x, labels, result: { parts, logits, observed } }: Attempt): Tensor[] => [
  x,
  labels,
  parts,
  logits,
  ...Object.values(observed),
]

const seen = ({ batch, x, labels, result: { observed } }: Attempt) => ({ batch, x, labels, observed })

function originOf(
  session: TrainingSession,
  batch: ImageBatch,
  result: ObjectiveResult,
  dropoutState: readonly number[],
) {
  const { graph, bank, active, dropout } = session
  const images = pixels(batch)
  dropout.restore(dropoutState)
  try {
    return findOrigin(graph, bank, active, images, result.gradients, dropout)
  } finally {
    images.dispose()
  }
}

/** Pulls of a phase on the weights before the step. */
function pullsOf(session: TrainingSession): Map<string, Tensor> {
  const { active, bank } = session
  const pulls = new Map<string, Tensor>()
  const { pull } = active.planned.phase
  if (!pull) return pulls
  for (const parameter of active.trained) {
    const value = pull(
      parameter,
      bank.get(parameter.name),
      originOfParameter(session, parameter),
      constantsOf(session),
    )
    if (value) pulls.set(parameter.name, value)
  }
  return pulls
}

const constantsOf = ({ runtime }: TrainingSession): Constants => runtime?.constants ?? new Map()

/** Pre-trained value, where there is one. */
const originOfParameter = (
  { origin }: TrainingSession,
  { name, pretrained }: ParameterInfo,
): Tensor | undefined => (pretrained ? origin.get(name) : undefined)

/** Proximal steps of a phase on the weights after the step. */
function project(session: TrainingSession, rates: ReadonlyMap<string, ParameterRate>): void {
  const { active, bank } = session
  const { phase } = active.planned
  if (!phase.project) return
  for (const parameter of active.trained) {
    const { rate } = rates.get(parameter.name)!
    if (rate === 0) continue
    const origin = originOfParameter(session, parameter)
    const value = phase.project(parameter, bank.get(parameter.name), origin, rate, constantsOf(session))
    if (value) bank.set(parameter.name, value)
  }
}

function applyPulls(
  { bank }: TrainingSession,
  pulls: Map<string, Tensor>,
  rates: ReadonlyMap<string, ParameterRate>,
): void {
  for (const [name, pull] of pulls) {
    bank.set(
      name,
      tf.tidy(() => tf.sub(bank.get(name), tf.mul(pull, rates.get(name)!.rate))),
    )
    pull.dispose()
  }
}

/** Sums over the batches of a step. */
class Totals {
  private readonly parts = new Map<string, number>()
  private batches = 0
  private images = 0
  private correct = 0

  /** @returns whether the loss is finite */
  async add({ parts, names, logits }: ObjectiveResult, labels: Int32Array): Promise<boolean> {
    const [values, scores] = await Promise.all([parts.data<'float32'>(), logits.data<'float32'>()])
    names.forEach((name, i) => this.parts.set(name, (this.parts.get(name) ?? 0) + values[i]!))
    this.batches++
    this.images += labels.length
    this.correct += countCorrect(scores, labels)
    return values.every((value) => Number.isFinite(value))
  }

  mean(): { loss: number; parts: Record<string, number>; accuracy: number } {
    const parts = Object.fromEntries([...this.parts].map(([name, sum]) => [name, sum / this.batches]))
    const loss = Object.values(parts).reduce((sum, value) => sum + value, 0)
    return { loss, parts, accuracy: this.correct / this.images }
  }
}
