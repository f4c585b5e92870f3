import { isAbsolute, join, resolve } from 'node:path'
import type { Parts, TrainingSession } from '../../engine/train'
import { UserError } from '../../spec'
import type * as Cell from '../cellApi'
import { withDisplay, DISPLAY, type Displayed } from '../display'
import type { ImagesDisplay } from '../displays'
import type { OutputItems } from '../protocol'
import { imagesItems, MAX_IMAGES, pictureOf } from '../show/images'
import { ImageChoice } from './data'

/** What a session is opened with instead of files. */
export type EngineParts = Pick<Parts, 'model'>

/** Images that `predict()` takes when none are given. */
const DEFAULT_IMAGES = 12

/** The images that the next step will see. The stream stands where it stood afterwards. */
export async function nextBatch(session: TrainingSession): Promise<Cell.Images> {
  const { stream, setup } = session
  const { thumbnail } = await import('../../engine/data')
  const before = stream.state()
  const batch = await stream.next()
  stream.restore(before)
  const whole = batch.images.length === 0 && batch.render ? await batch.render() : batch
  const side = whole.shape[1]
  const length = whole.images.length / whole.items.length
  const dataset = setup.images.dataset as unknown as ImageChoice['source']
  const pictures = await Promise.all(
    [...whole.items].map(async (_, i) => {
      const bytes = await thumbnail(whole.images.subarray(i * length, (i + 1) * length), side)
      return `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`
    }),
  )
  return new BatchImages(dataset, [...whole.items], pictures, session.steps + 1)
}

/** Images of a batch show themselves as the step sees them. */
class BatchImages extends ImageChoice implements Displayed {
  constructor(
    source: ImageChoice['source'],
    positions: number[],
    private readonly pictures: string[],
    private readonly step: number,
  ) {
    super(source, positions, 'images of the batch')
  }

  override [DISPLAY](): Promise<OutputItems> {
    const { items, classes } = this.source
    return Promise.resolve(
      imagesItems({
        v: 1,
        title: `${this.positions.length} images that step ${this.step} sees`,
        images: this.positions.map((position, i) => ({
          path: items[position]!.path,
          picture: this.pictures[i]!,
          actual: classes[items[position]!.label],
        })),
      }),
    )
  }
}

/** What the network of now says of images. @throws UserError where a path does not exist */
export async function predictWith(
  session: TrainingSession,
  images: ImageChoice | string | string[] | undefined,
  base: string,
  name: string,
): Promise<Cell.Predictions> {
  const dataset = session.setup.images.dataset as unknown as ImageChoice['source']
  const chosen = images ?? heldOut(session, dataset)
  if (chosen instanceof ImageChoice) {
    const positions = inDataset(dataset, chosen)
    if (positions) return predictKnown(session, dataset, positions, name)
    const paths = chosen.paths.map((path) => join(chosen.source.root, path))
    return predictFiles(session, paths, base, name)
  }
  return predictFiles(session, [chosen].flat(), base, name)
}

function heldOut(session: TrainingSession, dataset: ImageChoice['source']): ImageChoice {
  const { counts } = session.setup.images.dataset
  const split = counts.test > 0 ? 'test' : counts.val > 0 ? 'val' : 'train'
  const positions = dataset.items.flatMap((item, i) => (item.split === split ? [i] : []))
  return new ImageChoice(dataset, positions, `${split} images`).sample(DEFAULT_IMAGES)
}

/** Positions of images in the session's own data; undefined when some are not there. */
function inDataset(dataset: ImageChoice['source'], chosen: ImageChoice): number[] | undefined {
  if (chosen.source === dataset) return [...chosen.positions]
  if (chosen.source.root !== dataset.root) return undefined
  const known = new Map(dataset.items.map(({ path }, i) => [path, i]))
  const found = chosen.paths.map((path) => known.get(path))
  return found.every((one) => one !== undefined) ? found : undefined
}

async function predictKnown(
  session: TrainingSession,
  dataset: ImageChoice['source'],
  positions: readonly number[],
  name: string,
): Promise<Cell.Predictions> {
  const [{ scoreSplit }, { softmax }] = await Promise.all([
    import('../../engine/train'),
    import('../../engine/evaluate'),
  ])
  const only = new Set(positions)
  const { classes, items } = dataset
  const scores = new Map<number, number[]>()
  for (const split of ['train', 'val', 'test'] as const) {
    const inside = items.flatMap((item, i) => (item.split === split && only.has(i) ? [i] : []))
    if (inside.length === 0) continue
    const { logits } = await scoreSplit(
      { ...session.setup, graph: session.graph },
      session.bank,
      session.features,
      split,
      undefined,
      session.infer,
      only,
    )
    inside.forEach((position, i) =>
      scores.set(position, softmax(logits.subarray(i * classes.length, (i + 1) * classes.length))),
    )
  }
  const predictions = positions.map((position): Cell.Prediction => {
    const { path, label } = items[position]!
    return predictionOf(path, scores.get(position)!, classes, label < 0 ? undefined : classes[label])
  })
  return shown(session, predictions, (path) => join(dataset.root, path), name)
}

function predictionOf(
  path: string,
  probabilities: number[],
  classes: readonly string[],
  actual?: string,
): Cell.Prediction {
  const predicted = classes[probabilities.indexOf(Math.max(...probabilities))]!
  return { path, predicted, probabilities, ...(actual !== undefined && { actual }) }
}

async function predictFiles(
  session: TrainingSession,
  paths: readonly string[],
  base: string,
  name: string,
): Promise<Cell.Predictions> {
  const [{ openTrained, predict, saveSession }, { openImages }] = await Promise.all([
    import('../../engine/train'),
    import('../../engine/data'),
  ])
  if (paths.length === 0) throw new UserError('predict(): give at least one image')
  const { spec, setup, env } = session
  const model = await openTrained(spec, { base: env.base }, saveSession(session))
  const { background } = spec.data
  const files = await openImages(paths, { base, classes: setup.images.dataset.classes, background })
  const predictions = await predict(model, spec, files)
  return shown(session, predictions, (path) => (isAbsolute(path) ? path : resolve(files.root, path)), name)
}

function shown(
  session: TrainingSession,
  predictions: Cell.Prediction[],
  file: (path: string) => string,
  name: string,
): Cell.Predictions {
  const { classes, background = [255, 255, 255] } = session.setup.images
    .dataset as unknown as ImageChoice['source']
  const step = session.steps
  return withDisplay(predictions, async () => {
    const images = await Promise.all(
      predictions.slice(0, MAX_IMAGES).map(async (one): Promise<ImagesDisplay['images'][number]> => {
        const top = one.probabilities
          .map((probability, i) => ({ name: classes[i]!, probability }))
          .sort((a, b) => b.probability - a.probability)
          .slice(0, 5)
        return {
          path: one.path,
          picture: await pictureOf(file(one.path), background),
          ...(one.actual !== undefined && { actual: one.actual }),
          predicted: one.predicted,
          probability: top[0]!.probability,
          top,
        }
      }),
    )
    const known = predictions.filter(({ actual }) => actual !== undefined)
    return imagesItems({
      v: 1,
      title: `${name} after step ${step}`,
      images,
      ...(known.length > 0 && {
        right: known.filter(({ actual, predicted }) => actual === predicted).length,
        known: known.length,
      }),
    })
  })
}
