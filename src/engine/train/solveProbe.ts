import type { RunEventBody } from '../../events/types'
import { tf, type Tensor } from '../backend'
import type { BatchImages, Item } from '../data/types'
import { HEAD_BIAS, HEAD_WEIGHT } from '../network'
import { floats } from '../optim/floats'
import { fitLogisticSteps, foldScales } from '../optim'
import type { ProbeSolve } from '../strategies/types'
import { plain } from './frozenFeatures'
import type { TrainingSession } from './session'
import { standardisationValues } from './standardise'
import { yieldNow } from './yieldNow'

const BATCH = 32

/** Fits the head on the features of the training images and writes it into the bank. */
export async function solveProbe(
  session: TrainingSession,
  solve: ProbeSolve,
  stopped: () => boolean = () => false,
): Promise<void> {
  const { setup, bank } = session
  const emit = (event: RunEventBody) => session.emit(event)
  const { features, labels } = await collectFeatures(session, solve.mirror)
  const classes = setup.images.dataset.classes.length
  const steps = fitLogisticSteps(features, labels, classes, {
    l2: solve.l2,
    standardise: solve.standardise === 'none' ? 'none' : 'feature',
    maxIterations: solve.iterations,
  })
  let next = steps.next()
  while (!next.done) {
    if (next.value.iterations % 10 === 0) {
      emit({ kind: 'progress', what: 'probe', done: next.value.iterations, total: solve.iterations })
      await yieldNow()
      if (stopped()) return
    }
    next = steps.next()
  }
  const fit = next.value
  emit({ kind: 'progress', what: 'probe', done: solve.iterations, total: solve.iterations })
  if (fit.state === 'limit')
    emit({
      kind: 'log',
      level: 'warning',
      message: `the probe used all ${solve.iterations} iterations; write a larger strategy.iterations or l2`,
    })
  const { weights, bias } = solve.standardise === 'fold' ? foldScales(fit) : fit
  const values = new Map([
    [HEAD_WEIGHT, weights],
    [HEAD_BIAS, bias],
  ])
  if (solve.standardise === 'layer')
    for (const [name, data] of standardisationValues(fit.mean, fit.std)) values.set(name, data)
  for (const [name, data] of values) bank.set(name, tf.tensor(data, bank.get(name).shape, 'float32'))
}

interface Part {
  images: BatchImages
  rows?: Float32Array
}

/** Rows of features: 32 images and then, with `mirror`, their mirror images; and so on. */
async function collectFeatures(
  session: TrainingSession,
  mirror: boolean,
): Promise<{ features: Float32Array; labels: Int32Array }> {
  const { graph, bank, caching, setup } = session
  const { images, size, features: layer } = setup
  const forward = caching.forward(graph, bank)
  const parts = partsOf(images.dataset.items, mirror)
  const total = parts.reduce((sum, part) => sum + part.images.items.length, 0)
  let done = 0
  const keep = async (part: Part, x: Tensor) => {
    part.rows = floats(x).slice()
    x.dispose()
    done += part.images.items.length
    session.emit({ kind: 'progress', what: 'features', done, total })
    await yieldNow()
  }
  for (const part of parts) {
    const x = (await forward.known(part.images, [layer]))?.get(layer)
    if (x) await keep(part, x)
  }
  const open = parts.filter(({ rows }) => !rows)
  // an image and its mirror image come together
  const missing = new Set(open.flatMap((part) => [...part.images.items]))
  const ofMissing = parts.filter((part) => missing.has(part.images.items[0]!))
  if (missing.size > 0) {
    let at = 0
    for await (const batch of images.evaluation('train', size, BATCH, mirror, missing)) {
      const part = ofMissing[at++]!
      if (!part.rows) await keep(part, (await forward.outputs(batch, [layer])).get(layer)!)
    }
  }
  if (session.features.layer !== layer) forward.forget()
  return { features: joined(parts), labels: labelsOf(parts, images.dataset.items) }
}

function partsOf(items: readonly Item[], mirror: boolean): Part[] {
  const train = items.flatMap(({ split }, i) => (split === 'train' ? [i] : []))
  return Array.from({ length: Math.ceil(train.length / BATCH) }, (_, i) =>
    plain(train.slice(i * BATCH, (i + 1) * BATCH)),
  ).flatMap((images) => (mirror ? [{ images }, { images: { ...images, mirrored: true } }] : [{ images }]))
}

function joined(parts: readonly Part[]): Float32Array {
  const features = new Float32Array(parts.reduce((sum, { rows }) => sum + rows!.length, 0))
  let at = 0
  for (const { rows } of parts) {
    features.set(rows!, at)
    at += rows!.length
  }
  return features
}

const labelsOf = (parts: readonly Part[], items: readonly Item[]): Int32Array =>
  Int32Array.from(parts.flatMap(({ images }) => Array.from(images.items, (item) => items[item]!.label)))
