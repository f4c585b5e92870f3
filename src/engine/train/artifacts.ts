import type { ThumbnailTable } from '../../events/artifacts'
import { thumbnail } from '../data'
import type { Split } from '../data/types'
import { predictionTable } from '../evaluate'
import type { TrainingSession } from './session'
import { networkTable } from './networkTable'
import { weightTable } from './weightTable'

/** So many pictures of a split are kept, the worst predicted first. */
const THUMBNAILS = 600

const BATCH = 32

/** Hands a file to the sink and tells it; a run goes on without one, so a full disk is a warning. */
function put(session: TrainingSession, name: string, content: Uint8Array, tell = true): boolean {
  const { sink } = session.env
  if (!sink.artifact) return false
  try {
    sink.artifact(name, content)
  } catch (error) {
    sink.assertCurrent?.()
    const message = error instanceof Error ? error.message : String(error)
    session.emit({ kind: 'log', level: 'warning', message })
    return false
  }
  if (tell) session.emit({ kind: 'artifact', step: session.steps, name, bytes: content.length })
  return true
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** Positions in the data set of a split's images, in the order of evaluation. */
const positionsOf = ({ setup }: TrainingSession, split: Split): number[] =>
  setup.images.dataset.items.flatMap((item, i) => (item.split === split ? [i] : []))

export function tellPredictions(
  session: TrainingSession,
  split: Split,
  { logits, labels }: { logits: Float32Array; labels: Int32Array },
): void {
  if (!session.env.sink.artifact) return
  const { items, classes } = session.setup.images.dataset
  const positions = positionsOf(session, split)
  const table = predictionTable(
    { logits, labels, classes: classes.length },
    { step: session.steps, split, classes: [...classes], path: (i) => items[positions[i]!]!.path },
  )
  put(session, `predictions-${split}.json`, json(table))
}

export function tellWeights(session: TrainingSession): void {
  if (!session.env.sink.artifact) return
  const { graph, bank, origin: w0, setup, steps } = session
  put(session, 'weights.json', json(weightTable({ step: steps, layers: setup.layers, graph, bank, w0 })))
}

/** How the layers are joined. */
export function tellNetwork(session: TrainingSession): void {
  if (!session.env.sink.artifact) return
  put(session, 'network.json', json(networkTable(session.graph, session.setup.size, session.steps)))
}

/** Small pictures of the images of a split: all of them, or the worst predicted where there are many. */
export async function tellThumbnails(
  session: TrainingSession,
  split: Split,
  { logits, labels }: { logits: Float32Array; labels: Int32Array },
): Promise<void> {
  if (!session.env.sink.artifact) return
  const { items, classes } = session.setup.images.dataset
  const positions = positionsOf(session, split)
  const surprise = positions.map((_, i) => {
    const scores = logits.subarray(i * classes.length, (i + 1) * classes.length)
    return Math.max(...scores) - scores[labels[i]!]!
  })
  const worst = positions.map((_, i) => i).sort((a, b) => surprise[b]! - surprise[a]!)
  const chosen = new Set(worst.slice(0, THUMBNAILS).map((i) => positions[i]!))
  const pictures = await picturesOf(session, split, chosen)
  const numbers: Record<string, number> = Object.create(null) as Record<string, number>
  for (const [number, [item, picture]] of pictures.entries()) {
    if (!put(session, `thumbnails-${split}/${number}.jpg`, picture, false)) return
    numbers[items[item]!.path] = number
  }
  const table: ThumbnailTable = { v: 1, split, numbers }
  put(session, `thumbnails-${split}.json`, json(table))
}

/** In the order of the data set. What an earlier run drew is not decoded again. */
async function picturesOf(
  { setup: { images, size }, caching }: TrainingSession,
  split: Split,
  chosen: ReadonlySet<number>,
): Promise<[item: number, picture: Uint8Array][]> {
  const pictures = new Map<number, Uint8Array>()
  for (const item of chosen) {
    const picture = await caching.picture(item)
    if (picture) pictures.set(item, picture)
  }
  const missing = new Set([...chosen].filter((item) => !pictures.has(item)))
  if (missing.size > 0)
    for await (const batch of images.evaluation(split, size, BATCH, false, missing)) {
      const length = batch.images.length / batch.items.length
      for (const [i, item] of batch.items.entries()) {
        const picture = await thumbnail(batch.images.subarray(i * length, (i + 1) * length), batch.shape[1])
        pictures.set(item, picture)
        await caching.keepPicture(item, picture)
      }
    }
  return [...pictures].sort(([one], [other]) => one - other)
}
