import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { UserError } from '../../../spec/types'
import { ops, tf, untaped } from '../../backend'
import type { ParameterSource } from '../../network/types'
import { bothPoints, type Point, type Points } from '../matching/points'
import { regress } from '../matching/regressor'
import type { NetworkContext } from '../types'
import type { Options } from './meta'

export const REGRESSOR = 'regressor'

/** The teacher's map, the student's that learns it, and the kernel that leads from one to the other. */
export interface Hint {
  hint: Point
  guided: Point
  kernel: [height: number, width: number]
}

/** @throws UserError for a name that is no map, or maps that the regressor cannot bring together */
export function hintOf(
  context: Pick<NetworkContext, 'graph' | 'spec' | 'teacher'>,
  options: Pick<Options, 'hint' | 'guided' | 'regressor'>,
): Hint {
  const { student, teacher } = bothPoints(context)
  const hint = options.hint === undefined ? middle(teacher) : teacher.named(options.hint, 'strategy.hint')
  const guided =
    options.guided === undefined ? middle(student) : student.named(options.guided, 'strategy.guided')
  const [h, w] = [0, 1].map((axis) => 1 + guided.shape[axis]! - hint.shape[axis]!) as [number, number]
  if (options.regressor === 'pointwise') return { hint, guided, kernel: [1, 1] }
  if (h < 1 || w < 1)
    throw new UserError(
      `strategy.regressor: "valid" makes a map smaller, and that of "${guided.name}" (${guided.shape[0]}x${guided.shape[1]}) is smaller than the hint "${hint.name}" (${hint.shape[0]}x${hint.shape[1]}) already; write "pointwise", or a guided layer further down`,
    )
  return { hint, guided, kernel: [h, w] }
}

/** The middle one, the upper of two: the second of a ResNet's four stages. */
const middle = ({ all }: Points): Point => all[Math.ceil(all.length / 2) - 1]!

/**
 * Distance of the regressed guided map from the hint (strategies.md 4.1), both [n, h, w, c]: the mean of squares over
 * all, or half their sum, the mean over images.
 * @param map of the student; @param source of the teacher, as it is
 */
export function hintLoss(
  parameters: ParameterSource,
  map: Tensor,
  source: Tensor,
  { hintLoss: kind }: Pick<Options, 'hintLoss'>,
): Scalar {
  const squares = tf.square(differences(parameters, map, source))
  return kind === 'mean' ? (ops.mean(squares) as Scalar) : tf.mul(ops.sum(squares), 0.5 / map.shape[0]!)
}

/** r(v_g) - u_h [n, h, w, c]. */
export function differences(parameters: ParameterSource, map: Tensor, source: Tensor): Tensor {
  const own = regress(parameters, REGRESSOR, map)
  return tf.sub(
    own,
    untaped(() => tf.clone(ops.resizeBilinear(source, [own.shape[1]!, own.shape[2]!]))),
  )
}
