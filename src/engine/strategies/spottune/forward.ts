import { ops, tf, untaped, type Tensor } from '../../backend'
import { decideHard } from '../../network/gating'
import { gumbelGates, shuffled } from '../routing/gates'
import { twoBranches } from '../routing/names'
import type { DrawDeclaration, Forward, ForwardContext } from '../types'
import { countLoss, shareLoss, shares } from './losses'
import type { Options } from './meta'
import { fixedGraph } from './routes'
import type { Structure } from './structure'

export const gumbel = (images: number, blocks: number): DrawDeclaration => ({
  name: 'gumbel',
  shape: [images, blocks, 2],
  kind: 'gumbel',
})

/** Both branches of every block, mixed by gates that the policy has drawn for each image. */
export function routedForward(context: ForwardContext, structure: Structure, options: Options): Forward {
  const { x, labels, graph, parameters, w0, draw, run } = context
  const { blocks } = structure
  const noise = draw(gumbel(x.shape[0]!, blocks.length))
  let gates: Tensor | undefined
  let logits: Tensor | undefined
  const decide = (_: string, from: Tensor): Tensor => {
    logits = from
    const own = gumbelGates(from, noise, options.temperature)
    return (gates = options.policy === 'shuffled' ? shuffled(own) : own)
  }
  const { output } = run({ graph: structure.graph, parameters: twoBranches(graph, parameters, w0), decide })
  const losses = [{ name: 'cross-entropy', value: ops.softmaxCrossEntropy(output, labels) as tf.Scalar }]
  if (options.k !== undefined) {
    const v = shares(gates!)
    losses.push({ name: 'count', value: tf.mul(options.lambda1, countLoss(v, options.k)) })
    losses.push({ name: 'share', value: tf.mul(options.lambda2, shareLoss(v)) })
  }
  const observed = untaped(() => ({
    gates: tf.clone(gates!),
    certain: decideHard(logits!, 'pair'),
    logits: tf.clone(logits!),
  }))
  return { logits: output, losses, observed }
}

/** The same blocks tuned for every image: no policy runs. */
export function fixedForward(
  context: ForwardContext,
  structure: Structure,
  routes: readonly boolean[],
): Forward {
  const { labels, graph, parameters, w0, run } = context
  const { output } = run({
    graph: fixedGraph(graph, structure, routes),
    parameters: twoBranches(graph, parameters, w0),
  })
  return {
    logits: output,
    losses: [{ name: 'cross-entropy', value: ops.softmaxCrossEntropy(output, labels) as tf.Scalar }],
  }
}
