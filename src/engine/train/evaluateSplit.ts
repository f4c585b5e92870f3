import { tf, type Tensor } from '../backend'
import type { Split } from '../data/types'
import { evaluateScores, type Evaluation } from '../evaluate'
import { runGraph } from '../network'
import type { ParameterSource } from '../network/types'
import { floats } from '../optim/floats'
import { pixels } from './cachedForward'
import type { FrozenFeatures, NetworkInput } from './frozenFeatures'
import type { Setup } from './setup'
import { yieldNow } from './yieldNow'

const BATCH = 32

/** Scores of pixels, and which images of the data set they are. */
export type Infer = (x: Tensor, items?: Int32Array) => Tensor

/**
 * Scores of every image of a split, in the order of the data set; every batch norm on running statistics, no dropout.
 * @param infer a strategy's own evaluation forward, in the place of the plain network's
 * @param only positions in the data set: the others are left out
 */
export async function scoreSplit(
  setup: Setup,
  bank: ParameterSource,
  features: FrozenFeatures,
  split: Split,
  progress: (done: number, total: number) => void = () => {},
  infer?: Infer,
  only?: ReadonlySet<number>,
): Promise<{ logits: Float32Array; labels: Int32Array }> {
  const { graph, images, size } = setup
  const classes = images.dataset.classes.length
  const items = images.dataset.items.flatMap((item, i) =>
    item.split === split && (!only || only.has(i)) ? [i] : [],
  )
  const logits = new Float32Array(items.length * classes)
  const labels = Int32Array.from(items, (i) => images.dataset.items[i]!.label)
  let done = 0
  const score = async (input: NetworkInput, chosen: Int32Array) => {
    const scores = tf.tidy(() =>
      infer
        ? infer(input.x, chosen)
        : runGraph(graph, input.x, { parameters: bank, from: input.from }).output,
    )
    logits.set(floats(scores), done * classes)
    tf.dispose([scores, input.x])
    done += chosen.length
    progress(done, items.length)
    await yieldNow()
  }
  while (!infer && done < items.length) {
    const next = items.slice(done, done + BATCH)
    const known = await features.known(next)
    if (!known) break
    await score(known, Int32Array.from(next))
  }
  if (done < items.length) {
    const rest = done > 0 || only ? new Set(items.slice(done)) : undefined
    for await (const batch of images.evaluation(split, size, BATCH, false, rest))
      await score(infer ? { x: pixels(batch) } : await features.input(batch, true), batch.items)
  }
  return { logits, labels }
}

/** Metrics of a split. */
export async function evaluateSplit(
  setup: Setup,
  bank: ParameterSource,
  features: FrozenFeatures,
  split: Split,
  progress?: (done: number, total: number) => void,
  infer?: Infer,
): Promise<Evaluation & { logits: Float32Array; labels: Int32Array }> {
  const { logits, labels } = await scoreSplit(setup, bank, features, split, progress, infer)
  const evaluation = evaluateScores({ logits, labels, classes: setup.images.dataset.classes.length })
  return { ...evaluation, logits, labels }
}
