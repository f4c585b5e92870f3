import type { PredictionTable } from '../../events/artifacts'
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
  const scores = Array.from({ length: classes }, (_, c) => logits[index * classes + c]!)
  const top = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - top))
  const sum = powers.reduce((a, b) => a + b, 0)
  let first = 0
  for (let c = 1; c < classes; c++) if (powers[c]! > powers[first]!) first = c
  let second = first === 0 ? 1 : 0
  for (let c = 0; c < classes; c++) if (c !== first && powers[c]! > powers[second]!) second = c
  const share = (c: number) => (powers[c] ?? 0) / sum
  return {
    index,
    first,
    second,
    confidence: share(first),
    runnerUp: share(second),
    truth: share(labels[index]!),
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
