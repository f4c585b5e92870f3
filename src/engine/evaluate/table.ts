import type { PredictionTable } from '../../events/artifacts'
import { softmax } from './softmax'
/** Scores of each image and its label. */
export interface Scored {
  logits: ArrayLike<number>
  labels: ArrayLike<number>
  classes: number
}

const MOST = 20_000

const rounded = (value: number): number => Math.round(value * 1000) / 1000

interface Row {
  index: number
  first: number
  second: number
  confidence: number
  runnerUp: number
  truth: number
}

/** Softmax of one image's scores with its two best classes. */
function rowOf({ logits, labels, classes }: Scored, index: number): Row {
  const shares = softmax(Array.from({ length: classes }, (_, c) => logits[index * classes + c]!))
  let first = 0
  for (let c = 1; c < classes; c++) if (shares[c]! > shares[first]!) first = c
  let second = first === 0 ? 1 : 0
  for (let c = 0; c < classes; c++) if (c !== first && shares[c]! > shares[second]!) second = c
  return {
    index,
    first,
    second,
    confidence: shares[first]!,
    runnerUp: shares[second] ?? 0,
    truth: shares[labels[index]!] ?? 0,
  }
}

/** What the network said of each image of a split, for views; see `PredictionTable`. */
export function predictionTable(
  evaluated: Scored,
  about: Pick<PredictionTable, 'step' | 'split' | 'classes'> & { path: (index: number) => string },
): PredictionTable {
  const { labels } = evaluated
  let rows = Array.from(labels, (_, i) => rowOf(evaluated, i))
  const total = rows.length
  if (total > MOST) rows = rows.sort((a, b) => a.truth - b.truth).slice(0, MOST)
  const { path, ...rest } = about
  return {
    v: 1,
    ...rest,
    total,
    paths: rows.map(({ index }) => path(index)),
    labels: rows.map(({ index }) => labels[index]!),
    predicted: rows.map(({ first }) => first),
    second: rows.map(({ second }) => second),
    confidence: rows.map(({ confidence }) => rounded(confidence)),
    runnerUp: rows.map(({ runnerUp }) => rounded(runnerUp)),
    truth: rows.map(({ truth }) => rounded(truth)),
  }
}
