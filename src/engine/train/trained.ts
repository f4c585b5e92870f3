import type { Metrics } from '../../events/types'
import type { ResolvedSpec } from '../../spec/schema'
import { UserError } from '../../spec/types'
import { openBackend, tf } from '../backend'
import { evaluationBatches, openLabelledImages } from '../data'
import type { Dataset } from '../data/types'
import { evaluateScores, softmax } from '../evaluate'
import { loadModel } from '../formats'
import { mediaFolder } from '../media'
import { createBank, runGraph } from '../network'
import type { NetworkGraph, ParameterBank, PlainValue } from '../network/types'
import { floats } from '../optim/floats'
import { CHECKPOINT_FILES, fileOf, readState, unpackTensors } from './checkpoint'
import { pixels } from './cachedForward'
import { assemble, findStrategy, type Parts } from './setup'
import { foldStandardisation } from './standardise'
import { yieldNow } from './yieldNow'

/** A finished network: what a checkpoint holds, without anything that only training needs. */
export interface TrainedModel {
  graph: NetworkGraph
  values: Map<string, PlainValue>
  classes: string[]
  /** Side of the square input. */
  size: number
  /** Updates that made it. */
  step: number
}

/**
 * The network of a run's checkpoint.
 * @param files of the checkpoint, see `CheckpointStore.load`
 * @param parts what a test hands in instead of files
 * @throws UserError when model file and checkpoint do not belong together
 */
export async function openTrained(
  spec: ResolvedSpec,
  { base, media = mediaFolder() }: { base: string; media?: string },
  files: ReadonlyMap<string, Uint8Array>,
  parts: Pick<Parts, 'model' | 'strategy'> = {},
): Promise<TrainedModel> {
  const state = readState(files)
  const { strategy, options } = findStrategy(spec, parts.strategy)
  const model = parts.model ?? (await loadModel(spec.model, { base, media }))
  const { graph, stages } = assemble(spec, strategy, options, model, state.classes.length)
  const values = await unpackTensors(fileOf(files, CHECKPOINT_FILES.weights), CHECKPOINT_FILES.weights)
  for (const name of graph.parameters.keys())
    if (!values.has(name))
      throw new UserError(`the checkpoint has no values for "${name}"; it is of another network`)
  const size = spec.model.inputSize ?? graph.inputShape[0]
  const known = { classes: state.classes, size, step: state.step }
  if (strategy.finished) {
    const trained = {
      graph,
      stages,
      values,
      w0: model.values,
      state: state.strategy,
      classes: state.classes.length,
    }
    return { ...strategy.finished(trained, options, spec), ...known }
  }
  const plain = new Map([...graph.parameters.keys()].map((name) => [name, values.get(name)!]))
  return { ...foldStandardisation(graph, plain), ...known }
}

export interface Prediction {
  /** Path of the image, relative to the folder that was given. */
  path: string
  predicted: string
  /** By class, summing to 1. */
  probabilities: number[]
  /** Class of the folder it lies in, where that is one of the network's. */
  actual?: string
}

const BATCH = 16

/** Runs a finished network over images; `each` gets the scores of every batch. */
async function score(
  model: TrainedModel,
  spec: ResolvedSpec,
  dataset: Dataset,
  each: (items: Int32Array, logits: Float32Array) => void,
  progress: (done: number, total: number) => void,
): Promise<void> {
  await openBackend(spec.backend)
  const bank: ParameterBank = createBank(model.values)
  const splits = (['train', 'val', 'test'] as const).filter((split) => dataset.counts[split] > 0)
  const total = splits.reduce((sum, split) => sum + dataset.counts[split], 0)
  let done = 0
  try {
    for (const split of splits)
      for await (const batch of evaluationBatches(dataset, split, { size: model.size, batchSize: BATCH })) {
        const logits = tf.tidy(() =>
          floats(runGraph(model.graph, pixels(batch), { parameters: bank }).output).slice(),
        )
        each(batch.items, logits)
        done += batch.items.length
        progress(done, total)
        await yieldNow()
      }
  } finally {
    bank.dispose()
  }
}

/**
 * What a finished network says of each image of a data set (see `openImageFiles` for loose files).
 * @throws UserError for images that cannot be read
 */
export async function predict(
  model: TrainedModel,
  spec: ResolvedSpec,
  dataset: Dataset,
  progress: (done: number, total: number) => void = () => {},
): Promise<Prediction[]> {
  const found: Prediction[] = []
  const width = model.classes.length
  await score(
    model,
    spec,
    dataset,
    (items, logits) => {
      items.forEach((item, i) => {
        const probabilities = softmax(logits.subarray(i * width, (i + 1) * width))
        const { path, label } = dataset.items[item]!
        const actual = label < 0 ? undefined : dataset.classes[label]
        found.push({
          path,
          predicted: model.classes[probabilities.indexOf(Math.max(...probabilities))]!,
          probabilities,
          ...(actual !== undefined && model.classes.includes(actual) && { actual }),
        })
      })
    },
    progress,
  )
  return found
}

/**
 * Metrics of a finished network on a folder per class of new images; of one with train/ and test/, on test/ alone.
 * @throws UserError when the folder has a class that the network does not know
 */
export async function evaluateRun(
  model: TrainedModel,
  spec: ResolvedSpec,
  source: string,
  { base, media = mediaFolder(), cache }: { base: string; media?: string; cache?: string },
  progress: (done: number, total: number) => void = () => {},
): Promise<{ metrics: Metrics; confusion: number[][]; classes: string[] }> {
  const { classes } = model
  const { background } = spec.data
  const dataset = await openLabelledImages(source, { base, media, cache, classes, background })
  const labels: number[] = []
  const logits: number[] = []
  await score(
    model,
    spec,
    dataset,
    (items, scores) => {
      for (const item of items) labels.push(dataset.items[item]!.label)
      logits.push(...scores)
    },
    progress,
  )
  const { metrics, confusion } = evaluateScores({ logits, labels, classes: model.classes.length })
  return { metrics, confusion, classes: model.classes }
}
