import { ops, tf, untaped, type Tensor } from '../../backend'
import { runGraph } from '../../network'
import { floats } from '../../optim/floats'
import type { BatchNormMode } from '../../../events/types'
import type { DrawDeclaration, Forward, ForwardContext } from '../types'
import { matchedWeight, plannedWeight } from './balance'
import type { Options } from './meta'
import {
  nameIn,
  pathGraph,
  routes,
  stagesBeforeCrossing,
  TEACHER,
  valuesOf,
  type Route,
  type Structure,
} from './paths'

/** Uniform numbers, one a cut: a path crosses where it is below `swap`. */
export const swaps = (stages: number): DrawDeclaration => ({
  name: 'swaps',
  shape: [stages - 1],
  kind: 'uniform',
})

/** Name of the smoothed losses [3] among the runtime's constants. */
export const SMOOTHED = 'losses'

/** Mode of a layer in a hybrid path: the student's running statistics are path 3's alone, the teacher's never move. */
export function pathMode(
  mode: (layer: string) => BatchNormMode,
  { teacherNorms }: Pick<Options, 'teacherNorms'>,
): (layer: string) => BatchNormMode {
  return (layer) => {
    if (layer.startsWith(TEACHER)) return teacherNorms === 'batch' ? 'train_nostats' : 'frozen'
    const own = mode(layer)
    return own === 'train' ? 'train_nostats' : own
  }
}

export function routesOf(
  { draw }: Pick<ForwardContext, 'draw'>,
  stages: number,
  options: Options,
): [Route, Route] {
  if (options.routes === 'alternate' || stages < 2) return routes(stages)
  const drawn = floats(draw(swaps(stages)))
  return routes(stages, (cut) => drawn[cut]! < options.swap)
}

const crossEntropy = (logits: Tensor, labels: Tensor) => ops.softmaxCrossEntropy(logits, labels) as tf.Scalar

/**
 * The student's loss and those of the two hybrid paths, all through one head (strategies.md sections 3.2 and 3.3). What
 * a path computes before it crosses for the first time is taken from path 3, or for the teacher computed without a tape.
 */
export function threePaths(context: ForwardContext, structure: Structure, options: Options): Forward {
  const { labels, dropout, run, step, steps, constants } = context
  const planned = plannedWeight(options, step, steps)
  const pair = routesOf(context, structure.cuts.length, options)
  const own = structure.cuts[stagesBeforeCrossing(pair[0]) - 1]!.student.layer
  const before = dropout?.state()
  const { output: logits, hooks } = run(planned === 0 ? {} : { hooks: [own] })
  const student = crossEntropy(logits, labels)
  const losses = [{ name: 'cross-entropy', value: student }]
  if (planned === 0)
    return {
      logits,
      losses,
      observed: untaped(() => ({ losses: tf.stack([student]), logits: tf.stack([logits]) })),
    }
  const after = dropout?.state()
  const outputs = pair.map((route, i) => {
    // the same dropout on all three paths
    if (before) dropout!.restore(before)
    return runPath(context, structure, options, route, i === 0 ? hooks.get(own)! : undefined)
  })
  if (after) dropout!.restore(after)
  const hybrids = outputs.map((output) => crossEntropy(output, labels))
  const weights = untaped(() =>
    tf.stack(weightsOf(hybrids, student, planned, constants.get(SMOOTHED), options)),
  )
  const weighted = hybrids.map((loss, i) => ({
    name: `hybrid ${i + 1}`,
    value: tf.mul(
      loss,
      untaped(() => tf.reshape(tf.slice(weights, i, 1), [])),
    ) as tf.Scalar,
  }))
  const observed = untaped(() => ({
    losses: tf.stack([...hybrids, student]),
    logits: tf.stack([...outputs, logits]),
    weights: tf.clone(weights),
  }))
  return { logits, losses: [...losses, ...weighted], observed }
}

function weightsOf(
  [first, second]: Tensor[],
  student: Tensor,
  planned: number | undefined,
  smoothed: Tensor | undefined,
  { balance, smoothing, largest }: Options,
): Tensor[] {
  if (planned !== undefined) return [tf.scalar(planned), tf.scalar(planned)]
  const now = [first!, second!, student]
  const values =
    balance === 'ema' && smoothed
      ? tf
          .unstack(smoothed)
          .map((value, i) => tf.add(tf.mul(value, smoothing), tf.mul(now[i]!, 1 - smoothing)))
      : now
  return values.slice(0, 2).map((value) => matchedWeight(value, values[2]!, largest))
}

/** Scores of a hybrid path. @param known output of the student's stages before the first crossing */
function runPath(
  context: ForwardContext,
  structure: Structure,
  options: Options,
  route: Route,
  known: Tensor | undefined,
): Tensor {
  const { x, parameters, run, mode } = context
  const teacher = context.teacher!.parameters
  const net = route[0]!
  const layer = structure.cuts[stagesBeforeCrossing(route) - 1]![net].layer
  const graph = pathGraph(structure, route)
  const values = { parameters: valuesOf(parameters, teacher), batchNorm: pathMode(mode, options) }
  const start =
    known ??
    context.teacherHooks?.get(layer) ??
    untaped(() => runGraph(graph, x, { ...values, to: nameIn(net, layer) }).output)
  return run({ graph, ...values, given: new Map([[nameIn(net, layer), start]]) }).output
}
