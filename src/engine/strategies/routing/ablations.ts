import type { RoutingAblation } from '../../../events/pictures/routing'
import { tf, type Tensor } from '../../backend'
import type { RuntimeContext } from '../types'

const BATCH = 32
const IMAGES = 512

/**
 * Accuracy of the network of now under several kinds of gates, or of other changes, on the same images: at most 512 of the validation set,
 * of the test set where there is none. Each batch spans the classes, so that another image of it is mostly of another.
 */
export async function compareGates(
  context: RuntimeContext,
  kinds: ReadonlyMap<string, (x: Tensor) => Tensor>,
  what = 'accuracy under other gates',
): Promise<RoutingAblation[]> {
  const of = (split: string) => context.items.flatMap((item, i) => (item.split === split ? [i] : []))
  const [split, all] = of('val').length > 0 ? (['val', of('val')] as const) : (['test', of('test')] as const)
  const chosen = all.filter((_, i) => all.length <= IMAGES || i % Math.ceil(all.length / IMAGES) === 0)
  const batches = Math.ceil(chosen.length / BATCH)
  const correct = new Map([...kinds.keys()].map((kind) => [kind, 0]))
  for (let b = 0; b < batches; b++) {
    const only = new Set(chosen.filter((_, i) => i % batches === b))
    for await (const { images, shape, labels } of context.images(split, BATCH, only)) {
      const x = tf.tensor4d(images, shape)
      for (const [kind, infer] of kinds) {
        const best = tf.tidy(() => tf.argMax(infer(x), 1).dataSync())
        correct.set(kind, correct.get(kind)! + labels.filter((label, i) => best[i] === label).length)
      }
      x.dispose()
    }
    context.progress(what, b + 1, batches)
  }
  return [...correct].map(([gates, count]) => ({ gates, correct: count, images: chosen.length }))
}
