import type { L2tPicture, MatchedMap } from '../../../events/pictures/l2t-ww'
import { ops, tf } from '../../backend'
import { runGraph } from '../../network'
import { floats } from '../../optim/floats'
import { RandomStream } from '../../random'
import { evenRanks } from '../../ranks'
import { perplexity } from '../delta/weights'
import type { Point } from '../matching/points'
import { sampleItems } from '../sample'
import type { RuntimeContext } from '../types'
import { channelWeights, strengths } from './metaNetworks'
import type { Options } from './meta'
import type { Pair, Pairs } from './pairs'

/** Images that a picture's weights are averaged over, and bars of a pair at most. */
const PICTURED = 32
const SHOWN = 64

/** What steps say beside the weights of now; by pair. */
export interface Measures {
  shares?: number[]
  gradients?: number[]
  outer?: L2tPicture['outer']
}

const short = (value: number): number => Number(value.toPrecision(4))

export async function pairPicture(
  context: RuntimeContext,
  options: Options,
  pairs: Pairs,
  history: L2tPicture['history'],
  { shares, gradients, outer }: Measures,
): Promise<L2tPicture | undefined> {
  const random = new RandomStream(context.spec.train.seed, 'pictures')
  const only = sampleItems(context.items, 'train', PICTURED, random)
  for await (const { images, shape } of context.images('train', PICTURED, only)) {
    const x = tf.tensor4d(images, [...shape])
    const teacher = unique(pairs.all.map((pair) => pair.teacher))
    const student = unique(pairs.all.map((pair) => pair.student))
    try {
      const weights = weightsOf(context, options, pairs, x)
      return {
        v: 1,
        teacher: teacher.map(told),
        student: student.map(told),
        beta: options.beta,
        learns: { channels: options.channels === 'learned', strengths: options.strengths === 'learned' },
        pairs: pairs.all.map((pair, i) => ({
          at: [
            teacher.findIndex(({ name }) => name === pair.teacher.name),
            student.findIndex(({ name }) => name === pair.student.name),
          ],
          ...described(weights[i]!),
          ...(shares && { share: short(shares[i]!) }),
          ...(gradients && { gradient: short(gradients[i]!) }),
        })),
        history,
        ...(outer && { outer }),
      }
    } finally {
      x.dispose()
    }
  }
  return undefined
}

const told = ({ name, shape: [side, , channels] }: Point): MatchedMap => ({ name, side, channels })

const unique = (points: readonly Point[]): Point[] => [
  ...new Map(points.map((point) => [point.name, point])).values(),
]

interface Weights {
  /** Mean over images, by channel. */
  channels: number[]
  /** By image. */
  strengths: number[]
}

/** Of each pair, on pixels x [n, h, w, 3]. */
function weightsOf(
  { bank, teacher }: RuntimeContext,
  options: Options,
  { all, teacherLayers }: Pairs,
  x: tf.Tensor,
): Weights[] {
  return tf.tidy(() => {
    const { hooks } = runGraph(teacher!.graph, x, {
      parameters: teacher!.parameters,
      to: teacherLayers.at(-1),
      hooks: teacherLayers,
    })
    return all.map((pair: Pair) => {
      const pooled = ops.globalAveragePool(hooks.get(pair.teacher.layer)!)
      return {
        channels: [...floats(ops.mean(channelWeights(bank, pair, pooled, options), 0))],
        strengths: [...floats(strengths(bank, pair, pooled, options))],
      }
    })
  })
}

function described({ channels, strengths: values }: Weights) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return {
    strength: short(mean),
    spread: short(Math.sqrt(variance)),
    perplexity: short(perplexity(channels)),
    bars: evenRanks(
      channels.map((w) => w * channels.length).sort((a, b) => b - a),
      SHOWN,
    ).map(short),
  }
}
