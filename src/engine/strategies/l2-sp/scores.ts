import type { Tensor } from '@tensorflow/tfjs-core'
import { UserError } from '../../../spec/types'
import { ops, tf } from '../../backend'
import type { ImageBatch } from '../../data/types'
import { createBank, featureLayer, runGraph } from '../../network'
import type { ParameterSource } from '../../network/types'
import { fitLogistic, foldScales } from '../../optim'
import { floats } from '../../optim/floats'
import { RandomStream } from '../../random'
import type { RuntimeContext } from '../types'
import { sampleItems } from '../sample'
import type { Options } from './strengths'

export interface FisherScores {
  scores: (x: Tensor) => Tensor
  /** One image each; disposed by who takes it. */
  images: AsyncIterable<Tensor>
  count: number
  classes: number
  head: 'own' | 'fitted'
  /** Draws labels. */
  random: RandomStream
  dispose(): void
}

/** Strength of the fitted head's decay: enough to keep it finite on separable features. */
const HEAD_L2 = 0.01

/**
 * The network at its source weights with a classifier, and the images that the Fisher information is averaged over.
 * On source images the model file's own classifier is used where it has one; else, and on target images, a head is
 * fitted by logistic regression: with a random head the labels would say nothing.
 */
export async function openFisher(
  context: RuntimeContext,
  { data, source, images: wanted }: Options['fisher'],
): Promise<FisherScores> {
  const images = data === 'source' ? await context.folder(source!) : undefined
  const items = images?.dataset.items ?? context.items
  const random = new RandomStream(context.spec.train.seed, 'fisher')
  const only = sampleItems(items, 'train', wanted, random)
  if (only.size === 0)
    throw new UserError('strategy.fisher: there are no images to estimate the Fisher information on')
  const batches = (batchSize: number) =>
    images
      ? images.evaluation('train', context.size, batchSize, false, only)
      : context.images('train', batchSize, only)
  const known = { images: pixelsOf(batches(1)), count: only.size, random }
  const own = data === 'source' ? await ownHead(context) : undefined
  if (own) return { ...own, ...known }
  const classes = (images?.dataset ?? { classes: context.classes }).classes.length
  return { ...(await fittedHead(context, batches(16), classes)), ...known }
}

async function* pixelsOf(batches: AsyncIterable<ImageBatch>): AsyncIterable<Tensor> {
  for await (const { images, shape } of batches) yield tf.tensor4d(images, [...shape])
}

/** The model file's own classifier over w0's backbone; undefined where the file has none, or is cut below it. */
async function ownHead(context: RuntimeContext) {
  const { w0, graph } = context
  const { graph: all, values } = await context.whole()
  const byName = new Map(all.nodes.map((node) => [node.name, node]))
  let last = byName.get(all.output)!
  // probabilities are not scores
  while (last.op.kind === 'activation') last = byName.get(last.inputs[0]!)!
  if (last.op.kind !== 'dense') return undefined
  const bank = createBank(new Map([...values].filter(([name]) => !graph.parameters.has(name))))
  const parameters = { get: (name: string) => (graph.parameters.has(name) ? w0.get(name) : bank.get(name)) }
  return {
    scores: (x: Tensor) => runGraph(all, x, { parameters, to: last.name }).output,
    classes: last.op.units,
    head: 'own' as const,
    dispose: () => bank.dispose(),
  }
}

async function fittedHead(
  { graph, w0 }: RuntimeContext,
  batches: AsyncIterable<ImageBatch>,
  classes: number,
) {
  const layer = featureLayer(graph)
  const rows: Float32Array[] = []
  const labels: number[] = []
  for await (const batch of batches) {
    const x = tf.tensor4d(batch.images, [...batch.shape])
    rows.push(tf.tidy(() => floats(runGraph(graph, x, { parameters: w0, to: layer }).output).slice()))
    labels.push(...batch.labels)
    x.dispose()
  }
  const features = Float32Array.from(rows.flatMap((row) => [...row]))
  const fit = foldScales(fitLogistic(features, labels, classes, { l2: HEAD_L2, maxIterations: 200 }))
  const width = fit.weights.length / classes
  const bank = createBank(
    new Map([
      ['w', { shape: [width, classes], data: fit.weights }],
      ['b', { shape: [classes], data: fit.bias }],
    ]),
  )
  return {
    scores: (x: Tensor) => scoresOf(x, { graph, w0, layer, bank }),
    classes,
    head: 'fitted' as const,
    dispose: () => bank.dispose(),
  }
}

function scoresOf(
  x: Tensor,
  {
    graph,
    w0,
    layer,
    bank,
  }: { graph: RuntimeContext['graph']; w0: ParameterSource; layer: string; bank: ParameterSource },
): Tensor {
  const { output } = runGraph(graph, x, { parameters: w0, to: layer })
  return ops.dense(output, bank.get('w'), bank.get('b'))
}
