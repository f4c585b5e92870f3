import type { RunEventBody } from '../../events/types'
import { tf } from '../backend'
import { HEAD_BIAS, HEAD_WEIGHT, runGraph } from '../network'
import type { ParameterBank } from '../network/types'
import { floats } from '../optim/floats'
import { fitLogisticSteps, foldScales } from '../optim'
import type { ProbeSolve } from '../strategies/types'
import { pixels } from './frozenFeatures'
import type { Setup } from './setup'
import { standardisationValues } from './standardise'
import { yieldNow } from './yieldNow'

const BATCH = 32

/** Fits the head on the features of the training images and writes it into the bank. */
export async function solveProbe(
  setup: Setup,
  bank: ParameterBank,
  solve: ProbeSolve,
  emit: (event: RunEventBody) => void,
  stopped: () => boolean = () => false,
): Promise<void> {
  const { features, labels } = await collectFeatures(setup, bank, solve.mirror, emit)
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

async function collectFeatures(
  { graph, images, size, features: layer }: Setup,
  bank: ParameterBank,
  mirror: boolean,
  emit: (event: RunEventBody) => void,
): Promise<{ features: Float32Array; labels: Int32Array }> {
  const total = images.dataset.counts.train * (mirror ? 2 : 1)
  const rows: Float32Array[] = []
  const labels: number[] = []
  for await (const batch of images.evaluation('train', size, BATCH, mirror)) {
    const x = tf.tidy(() => runGraph(graph, pixels(batch), { parameters: bank, to: layer }).output)
    rows.push(floats(x).slice())
    x.dispose()
    labels.push(...batch.labels)
    emit({ kind: 'progress', what: 'features', done: labels.length, total })
    await yieldNow()
  }
  const features = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0))
  let at = 0
  for (const row of rows) {
    features.set(row, at)
    at += row.length
  }
  return { features, labels: Int32Array.from(labels) }
}
