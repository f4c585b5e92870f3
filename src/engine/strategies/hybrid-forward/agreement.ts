import type { HybridForwardPicture } from '../../../events/pictures/hybrid-forward'
import { ops, tf, valueAndGradients, type Tensor } from '../../backend'
import { runGraph } from '../../network'
import type { ParameterInfo } from '../../network/types'
import type { RuntimeContext } from '../types'
import { pathMode } from './forward'
import type { Options } from './meta'
import { pathGraph, routes, valuesOf, type Route, type Structure } from './paths'

/**
 * Cosine between the gradients that path 3 and the hybrid path through a student stage give its parameters, on images x;
 * `routes: "alternate"`'s paths. Both networks' batch norms as in training, running statistics left alone.
 */
export async function pathAgreement(
  { spec, graph, bank, teacher }: RuntimeContext,
  structure: Structure,
  options: Options,
  x: Tensor,
  labels: Tensor,
): Promise<NonNullable<HybridForwardPicture['agreement']>> {
  const { cuts } = structure
  const stages = parametersByStage(structure)
  const values = valuesOf(bank, teacher!.parameters)
  const batchNorm = pathMode(() => spec.train.batchNorm ?? 'train', options)
  const gradientsOf = (route: Route): Map<string, Tensor> => {
    const names = stages
      .flatMap((infos, stage) => (route[stage] === 'student' ? infos : []))
      .map(({ name }) => name)
    const { loss, gradients } = valueAndGradients(
      () =>
        ops.softmaxCrossEntropy(
          runGraph(pathGraph(structure, route), x, { parameters: values, batchNorm }).output,
          labels,
        ),
      names.map((name) => (graph.parameters.has(name) ? bank.get(name) : values.get(name))),
    )
    loss.dispose()
    return new Map(names.map((name, i) => [name, gradients[i]!]))
  }
  const pair = routes(cuts.length)
  const found: NonNullable<HybridForwardPicture['agreement']> = []
  const own = gradientsOf(cuts.map(() => 'student'))
  for (const [i, route] of pair.entries()) {
    const theirs = gradientsOf(route)
    for (const [stage, infos] of stages.entries()) {
      if (route[stage] !== 'student' || infos.length === 0) continue
      const cosine = await cosineOf(infos.map(({ name }) => [own.get(name)!, theirs.get(name)!]))
      found.push({ stage, path: i === 0 ? 1 : 2, cosine })
    }
    tf.dispose([...theirs.values()])
  }
  tf.dispose([...own.values()])
  return found.sort((a, b) => a.stage - b.stage)
}

/** Trainable parameters of each student stage. */
function parametersByStage({ student, cuts }: Structure): ParameterInfo[][] {
  const positions = new Map(student.nodes.map(({ name }, i) => [name, i]))
  const ends = cuts.map((cut) => positions.get(cut.student.layer)!)
  const stages: ParameterInfo[][] = cuts.map(() => [])
  for (const info of student.parameters.values()) {
    const position = positions.get(info.layer)
    if (info.buffer || position === undefined) continue
    const stage = ends.findIndex((end) => position <= end)
    if (stage >= 0) stages[stage]!.push(info)
  }
  return stages
}

/** Of all pairs as one vector each; 0 where one is all zeros. */
async function cosineOf(pairs: readonly (readonly [Tensor, Tensor])[]): Promise<number> {
  const products = tf.tidy(() => {
    const total = (parts: Tensor[]) => parts.reduce((sum, part) => tf.add(sum, part))
    const dot = (a: Tensor, b: Tensor) => tf.sum(tf.mul(a, b))
    return tf.stack([
      total(pairs.map(([a, b]) => dot(a, b))),
      total(pairs.map(([a]) => dot(a, a))),
      total(pairs.map(([, b]) => dot(b, b))),
    ])
  })
  const [across, a, b] = await products.data<'float32'>()
  products.dispose()
  const norms = Math.sqrt(a! * b!)
  return norms > 0 ? Math.round((1000 * across!) / norms) / 1000 : 0
}
