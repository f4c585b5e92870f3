import { ops, tf, untaped, type Tensor } from '../../backend'
import { decideHard } from '../../network/gating'
import type { LayerNode, RunOptions } from '../../network/types'
import { gumbelGates, shuffled, straightThrough } from '../routing/gates'
import { chooseBranches } from '../routing/fixed'
import { frozenName, twoBranches } from '../routing/names'
import type { DrawDeclaration, Forward, ForwardContext } from '../types'
import { cellOf, gatesOf } from './gates'
import type { Options } from './meta'
import { selectedNorm } from './selectedNorm'
import type { Site, Structure } from './sites'

/** Noise of one convolution's gates in a step. */
export const gumbel = ({ conv, filters }: Site, images: number): DrawDeclaration => ({
  name: `gumbel.${conv}`,
  shape: [images, filters, 2],
  kind: 'gumbel',
})

/** Both filter banks of every site, mixed filter by filter by the gates of each image. */
export function gatedForward(context: ForwardContext, structure: Structure, options: Options): Forward {
  const { x, labels, graph, parameters, w0, draw, run } = context
  const { sites } = structure
  const siteOf = new Map(sites.map((site) => [gatesOf(site.conv), site]))
  const gates = new Map<string, Tensor>()
  const decide = (layer: string, logits: Tensor): Tensor => {
    const site = siteOf.get(layer)!
    const own =
      options.estimator === 'gumbel'
        ? gumbelGates(pairs(logits), draw(gumbel(site, x.shape[0]!)), options.temperature)
        : straightThrough(
            untaped(() => decideHard(logits, 'sign')),
            ops.sigmoid(logits),
          )
    const used = options.gates === 'shuffled' ? shuffled(own) : own
    gates.set(site.conv, used)
    return used
  }
  const both = twoBranches(graph, parameters, w0)
  const { output, hooks } = run({
    graph: structure.graph,
    parameters: both,
    decide,
    hooks: sites.map(({ conv }) => cellOf(conv)),
    ...(options.statistics === 'selected' &&
      options.gatedNorm &&
      normalising(context, structure, both, gates)),
  })
  const observed = untaped(() => ({
    shares: tf.stack(sites.map(({ conv }) => tf.mean(gates.get(conv)!))),
    states: tf.stack(sites.map(({ conv }) => meanNorm(hooks.get(cellOf(conv))!))),
  }))
  return {
    logits: output,
    losses: [{ name: 'cross-entropy', value: ops.softmaxCrossEntropy(output, labels) as tf.Scalar }],
    observed,
  }
}

/** One logit of a gate as the pair (0, logit). */
const pairs = (logits: Tensor): Tensor => tf.stack([tf.zerosLike(logits), logits], 2)

/** Mean over a batch of the norm of each row. */
const meanNorm = (state: Tensor): Tensor => tf.mean(tf.sqrt(tf.sum(tf.square(state), 1)))

/** Every image with the same filter bank: no gate runs. */
export function fixedForward(context: ForwardContext, { sites }: Structure, tuned: boolean): Forward {
  const { labels, graph, parameters, w0, run } = context
  const { output } = run({
    graph: chooseBranches(
      graph,
      sites,
      sites.map(() => tuned),
    ),
    parameters: twoBranches(graph, parameters, w0),
  })
  return {
    logits: output,
    losses: [{ name: 'cross-entropy', value: ops.softmaxCrossEntropy(output, labels) as tf.Scalar }],
  }
}

/** Replaces batch norms of gated convolutions in modes with batch statistics by `selectedNorm`. */
function normalising(
  { mode, collect }: ForwardContext,
  { graph, sites }: Structure,
  parameters: ReturnType<typeof twoBranches>,
  gates: ReadonlyMap<string, Tensor>,
): Pick<RunOptions, 'batchNorm' | 'transform'> {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]))
  const byNorm = new Map<string, { site: Site; tuned: boolean }>()
  for (const site of sites) {
    if (site.norm === undefined) continue
    byNorm.set(site.norm, { site, tuned: true })
    byNorm.set(frozenName(site.norm), { site, tuned: false })
  }
  const ofBatch = (layer: string): boolean => mode(layer) === 'train' || mode(layer) === 'train_nostats'
  const convolved = new Map<string, Tensor>()
  const normalise = (node: LayerNode, { site, tuned }: { site: Site; tuned: boolean }): Tensor => {
    const x = convolved.get(node.inputs[0]!)!
    const { gamma, beta, mean, variance } = node.parameters
    const channels = x.shape.at(-1)!
    const taken = untaped(() => {
      const g = gates.get(site.conv)!
      return tuned ? tf.clone(g) : tf.sub(1, g)
    })
    const momentum = node.op.kind === 'batchNorm' ? node.op.momentum : 0
    const epsilon = node.op.kind === 'batchNorm' ? node.op.epsilon : 0
    const { output, statistics } = selectedNorm(x, taken, {
      gamma: gamma ? parameters.get(gamma) : tf.ones([channels]),
      beta: beta ? parameters.get(beta) : tf.zeros([channels]),
      mean: parameters.get(mean!),
      variance: parameters.get(variance!),
      epsilon,
    })
    if (mode(node.name) === 'train') collect({ mean: mean!, variance: variance!, momentum }, statistics)
    return output
  }
  return {
    batchNorm: (layer) => (byNorm.has(layer) && ofBatch(layer) ? 'frozen' : mode(layer)),
    transform: (layer, output) => {
      const node = nodes.get(layer)!
      if (node.op.kind === 'conv2d' || node.op.kind === 'depthwiseConv2d') convolved.set(layer, output)
      const found = byNorm.get(layer)
      return found && ofBatch(layer) ? normalise(node, found) : output
    },
  }
}
