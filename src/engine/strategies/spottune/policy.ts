import { assignStages, GraphBuilder, inferShapes, initialise } from '../../network'
import type { LayerNode, NetworkGraph, ParameterInfo, PlainValue } from '../../network/types'
import type { RandomStream } from '../../random'
import type { Options } from './meta'

const PREFIX = 'policy.'
export const LOGITS = 'policy.linear'
export const GATES = 'policy.gates'

const batchNorm = { epsilon: 1e-5, momentum: 0.1 }
const pad = [1, 1, 1, 1] as const

/** Stem and three stages, as in the authors' agent_net.py. */
const WIDTHS = { release: [32, 64, 128, 256], narrow: [8, 16, 32, 64] } as const

/** The network that decides, from pixels to two logits a block; its parameters are the strategy's own. */
export interface PolicyNetwork {
  /** Layers in order, reading the layer `input` of the main network; the last two are `LOGITS` and `GATES`. */
  nodes: readonly LayerNode[]
  parameters: readonly ParameterInfo[]
}

/** Side of the picture that it sees. */
export function policySize({ network, policySize: side }: Options, inputSize: number): number {
  return side ?? (network === 'narrow' ? Math.min(48, inputSize) : inputSize)
}

/**
 * @param main the network that it decides for
 * @param inputSize side of that one's input
 * @param pretrained backbone of the `pretrained` policy
 */
export function policyNetwork(
  main: NetworkGraph,
  blocks: number,
  options: Options,
  inputSize: number,
  pretrained?: NetworkGraph,
): PolicyNetwork {
  const side = policySize(options, inputSize)
  const body =
    options.network === 'pretrained' ? prefixed(pretrained!) : residual(main, options.network, side)
  const first = main.nodes[0]!.name
  const entry = side === inputSize ? first : `${PREFIX}resize`
  const feature = inferShapes(body, [side, side, 3]).get(body.output)!
  const own = (name: string, op: LayerNode['op'], inputs: string[], parameters = {}): LayerNode => ({
    name,
    op,
    inputs,
    parameters,
    stage: 'policy',
    block: '',
  })
  const [input, ...layers] = body.nodes
  const nodes = [
    ...(entry === first ? [] : [own(entry, { kind: 'resize', size: [side, side], pixels: true }, [first])]),
    ...layers.map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => (name === input!.name ? entry : name)),
      stage: 'policy',
      block: '',
    })),
  ]
  let output = body.output
  if (feature.length === 3) {
    output = `${PREFIX}avgpool`
    nodes.push(own(output, { kind: 'globalAveragePool' }, [body.output]))
  }
  const names = { kernel: `${LOGITS}.weight`, bias: `${LOGITS}.bias` }
  nodes.push(own(LOGITS, { kind: 'dense', units: 2 * blocks, bias: true }, [output], names))
  nodes.push(own(GATES, { kind: 'decide', form: 'pair' }, [LOGITS]))
  const linear = { layer: LOGITS, buffer: false, pretrained: false }
  const infos: ParameterInfo[] = [
    ...body.parameters.values(),
    {
      ...linear,
      name: names.kernel,
      role: 'kernel',
      shape: [feature.at(-1)!, 2 * blocks],
      origin: '[out,in]',
    },
    { ...linear, name: names.bias, role: 'bias', shape: [2 * blocks], origin: 'as-is' },
  ]
  const kinds = new Map(nodes.map(({ name, op }) => [name, op.kind]))
  const parameters = infos.map((info) => ({
    ...info,
    pretrained: false,
    owned: { stage: 'policy', kind: kinds.get(info.layer)!, group: 'policy' },
  }))
  return { nodes, parameters }
}

/** Basic blocks that halve the picture, with average pooling and zero channels for a shortcut. */
function residual(main: NetworkGraph, kind: 'narrow' | 'release', side: number): NetworkGraph {
  const b = new GraphBuilder('policy', [side, side, 3], 'torch', `${PREFIX}input`)
  const scaling = main.nodes.find(({ op }) => op.kind === 'normalize')?.op
  const { mean, std } =
    scaling?.kind === 'normalize' ? scaling : { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] }
  const [stem, ...widths] = WIDTHS[kind]
  let x = b.normalize(`${PREFIX}normalize`, `${PREFIX}input`, mean, std)
  x = b.batchNorm(`${PREFIX}bn1`, b.conv(`${PREFIX}conv1`, x, stem, { kernel: 3, padding: pad }), batchNorm)
  widths.forEach((width, i) => {
    const at = `${PREFIX}layer${i + 1}`
    let y = b.conv(`${at}.conv1`, x, width, { kernel: 3, stride: 2, padding: pad })
    y = b.activation(`${at}.relu1`, b.batchNorm(`${at}.bn1`, y, batchNorm), 'relu')
    y = b.batchNorm(`${at}.bn2`, b.conv(`${at}.conv2`, y, width, { kernel: 3, padding: pad }), batchNorm)
    const channels = b.shapeOf(x)[2]!
    const pooled = b.pool(`${at}.pool`, x, 'avgPool', { size: 2, stride: 2, padding: 'same' })
    const shortcut = b.plain(`${at}.pad`, { kind: 'padChannels', channels: width - channels }, [pooled])
    x = b.activation(`${at}.relu`, b.plain(`${at}.add`, { kind: 'add' }, [y, shortcut]), 'relu')
  })
  x = b.activation(`${PREFIX}relu`, b.batchNorm(`${PREFIX}bn2`, x, batchNorm), 'relu')
  return b.build(x)
}

function prefixed(graph: NetworkGraph): NetworkGraph {
  const name = (own: string): string => PREFIX + own
  const nodes = assignStages(graph).nodes.map((node) => ({
    ...node,
    name: name(node.name),
    inputs: node.inputs.map(name),
    parameters: Object.fromEntries(
      Object.entries(node.parameters).map(([role, parameter]) => [role, name(parameter)]),
    ),
  }))
  const parameters = new Map(
    [...graph.parameters.values()].map((info) => [
      name(info.name),
      { ...info, name: name(info.name), layer: name(info.layer) },
    ]),
  )
  return { ...graph, nodes, output: name(graph.output), parameters }
}

/** Values before step 0: He-normal by fan out; the last layer uniform within 1 / sqrt(in), as PyTorch's. */
export function initialPolicy(
  { nodes, parameters }: PolicyNetwork,
  random: (name: string) => RandomStream,
  pretrained?: ReadonlyMap<string, PlainValue>,
): Map<string, Float32Array> {
  const stream = random('policy')
  const graph: NetworkGraph = {
    architecture: 'policy',
    nodes,
    output: LOGITS,
    inputShape: [1, 1, 3],
    parameters: new Map(parameters.map((info) => [info.name, info])),
  }
  const values = new Map([...initialise(graph, stream)].map(([name, { data }]) => [name, data]))
  for (const [name, { data }] of pretrained ?? [])
    if (values.has(PREFIX + name)) values.set(PREFIX + name, data.slice())
  const last = parameters.filter(({ layer }) => layer === LOGITS)
  const bound = 1 / Math.sqrt(last[0]!.shape[0]!)
  for (const { name } of last)
    values.set(
      name,
      values.get(name)!.map(() => stream.range(-bound, bound)),
    )
  return values
}
