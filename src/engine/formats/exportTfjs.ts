import { UserError } from '../../spec/types'
import { inferShapes, type LayerNode, type NetworkGraph } from '../network'
import type { ExportOptions } from './export'
import { TfjsWriter, type Weight } from './tfjsWriter'

const LAST = { data_format: 'channels_last' }

/** Sliding windows pad by 'same' or 'valid'; other paddings become a layer of their own, which pads with zeros. */
function padded(
  w: TfjsWriter,
  node: LayerNode,
  input: string,
  zeros: boolean,
): { input: string; padding: string } {
  const padding = 'padding' in node.op && node.op.kind !== 'zeroPad' ? node.op.padding : 'valid'
  if (typeof padding === 'string') return { input, padding }
  const [top, bottom, left, right] = padding
  if (top + bottom + left + right === 0) return { input, padding: 'valid' }
  if (!zeros) {
    throw new UserError(
      `layer '${node.name}' (${node.op.kind}) pads [${padding}], which a tfjs layers model cannot say; export to safetensors`,
    )
  }
  const pads = [
    [top, bottom],
    [left, right],
  ]
  return {
    input: w.add('ZeroPadding2D', `${node.name}.pad`, { padding: pads, ...LAST }, [input]),
    padding: 'valid',
  }
}

/** Max pooling ignores its padding; zeros do the same when nothing is negative, that is after a ReLU. */
function nonNegative(w: TfjsWriter, node: LayerNode): boolean {
  const before = w.graph.nodes.find((other) => other.name === node.inputs[0])!.op
  return before.kind === 'activation' && (before.activation === 'relu' || before.activation === 'relu6')
}

function activation(w: TfjsWriter, node: LayerNode, inputs: readonly string[]): string {
  if (node.op.kind !== 'activation') throw new Error('not an activation')
  const { activation: kind, alpha } = node.op
  if (kind === 'relu6') return w.add('ReLU', node.name, { max_value: 6 }, inputs)
  if (kind === 'leakyRelu') return w.add('LeakyReLU', node.name, { alpha: alpha ?? 0.3 }, inputs)
  return w.add('Activation', node.name, { activation: kind }, inputs)
}

/** (x - mean) / std: one Rescaling when channels are alike, else a depthwise 1x1 convolution with bias. */
function normalize(w: TfjsWriter, node: LayerNode, inputs: readonly string[]): string {
  if (node.op.kind !== 'normalize') throw new Error('not a normalization')
  const { mean, std } = node.op
  if (mean.every((m) => m === mean[0]) && std.every((s) => s === std[0])) {
    return w.add('Rescaling', node.name, { scale: 1 / std[0]!, offset: -mean[0]! / std[0]! }, inputs)
  }
  const channels = mean.length
  const config = {
    kernel_size: [1, 1],
    strides: [1, 1],
    padding: 'valid',
    depth_multiplier: 1,
    use_bias: true,
    activation: 'linear',
    ...LAST,
  }
  const kernel = { name: '', shape: [1, 1, channels, 1], data: Float32Array.from(std, (s) => 1 / s) }
  const bias = { name: '', shape: [channels], data: Float32Array.from(mean, (m, i) => -m / std[i]!) }
  return w.add('DepthwiseConv2D', node.name, config, inputs, [
    ['depthwise_kernel', kernel],
    ['bias', bias],
  ])
}

function convolution(w: TfjsWriter, node: LayerNode, input: string): string {
  const { op } = node
  if (op.kind !== 'conv2d' && op.kind !== 'depthwiseConv2d') throw new Error('not a convolution')
  const { input: x, padding } = padded(w, node, input, true)
  const common = {
    kernel_size: op.kernel,
    strides: op.strides,
    padding,
    dilation_rate: op.dilations ?? [1, 1],
    use_bias: op.bias,
    activation: 'linear',
    ...LAST,
  }
  const bias: [string, Weight][] = op.bias ? [['bias', w.value(node, 'bias')]] : []
  const kernel = w.value(node, 'kernel')
  if (op.kind === 'conv2d')
    return w.add('Conv2D', node.name, { filters: op.filters, ...common }, [x], [['kernel', kernel], ...bias])
  return w.add(
    'DepthwiseConv2D',
    node.name,
    { depth_multiplier: op.multiplier, ...common },
    [x],
    [['depthwise_kernel', kernel], ...bias],
  )
}

function batchNorm(w: TfjsWriter, node: LayerNode, inputs: readonly string[]): string {
  if (node.op.kind !== 'batchNorm') throw new Error('not a batch norm')
  const { gamma, beta } = node.parameters
  const config = {
    axis: -1,
    epsilon: node.op.epsilon,
    momentum: 1 - node.op.momentum,
    scale: !!gamma,
    center: !!beta,
  }
  return w.add('BatchNormalization', node.name, config, inputs, [
    ...(gamma ? [['gamma', w.value(node, 'gamma')] as [string, Weight]] : []),
    ...(beta ? [['beta', w.value(node, 'beta')] as [string, Weight]] : []),
    ['moving_mean', w.value(node, 'mean')],
    ['moving_variance', w.value(node, 'variance')],
  ])
}

function writeLayer(w: TfjsWriter, node: LayerNode): string {
  const { op, name } = node
  const inputs = node.inputs.map((input) => w.outputs.get(input)!)
  switch (op.kind) {
    case 'input':
      return w.add(
        'InputLayer',
        name,
        { batch_input_shape: [null, ...op.shape], dtype: 'float32', sparse: false },
        [],
      )
    case 'normalize':
      return normalize(w, node, inputs)
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolution(w, node, inputs[0]!)
    case 'dense': {
      const weights: [string, Weight][] = [['kernel', w.value(node, 'kernel')]]
      if (op.bias) weights.push(['bias', w.value(node, 'bias')])
      return w.add(
        'Dense',
        name,
        { units: op.units, use_bias: op.bias, activation: 'linear' },
        inputs,
        weights,
      )
    }
    case 'batchNorm':
      return batchNorm(w, node, inputs)
    case 'activation':
      return activation(w, node, inputs)
    case 'maxPool':
    case 'avgPool': {
      const { input, padding } = padded(w, node, inputs[0]!, op.kind === 'maxPool' && nonNegative(w, node))
      const className = op.kind === 'maxPool' ? 'MaxPooling2D' : 'AveragePooling2D'
      return w.add(className, name, { pool_size: op.size, strides: op.strides, padding, ...LAST }, [input])
    }
    case 'globalAveragePool':
      return w.add('GlobalAveragePooling2D', name, LAST, inputs)
    case 'zeroPad': {
      const [top, bottom, left, right] = op.padding
      const padding = [
        [top, bottom],
        [left, right],
      ]
      return w.add('ZeroPadding2D', name, { padding, ...LAST }, inputs)
    }
    case 'add':
      return w.add('Add', name, {}, inputs)
    case 'multiply':
      return w.add('Multiply', name, {}, inputs)
    case 'concat':
      return w.add('Concatenate', name, { axis: -1 }, inputs)
    case 'flatten':
      return w.add('Flatten', name, {}, inputs)
    case 'reshape':
      return w.add('Reshape', name, { target_shape: w.shapes.get(name)! }, inputs)
    case 'dropout':
      return w.add('Dropout', name, { rate: op.rate }, inputs)
    case 'padChannels':
    case 'resize':
    case 'recurrentCell':
    case 'hidden':
    case 'decide':
    case 'mix':
      throw new UserError(
        `layer '${name}' (${op.kind}): the network decides for each image which branch it runs, which a tfjs layers model cannot say; export to safetensors, or train spottune with strategy.k, whose network is a plain one`,
      )
  }
}

/** `model.json` and `weights.bin`. */
export function exportTfjs(
  graph: NetworkGraph,
  values: ReadonlyMap<string, Float32Array>,
  { classes }: ExportOptions,
): Map<string, Uint8Array> {
  const w = new TfjsWriter(graph, values, inferShapes(graph))
  for (const node of graph.nodes) w.outputs.set(node.name, writeLayer(w, node))
  const config = {
    name: graph.architecture.replace(/[^A-Za-z0-9]/g, '_'),
    layers: w.layers,
    input_layers: [[w.outputs.get(graph.nodes[0]!.name), 0, 0]],
    output_layers: [[w.outputs.get(graph.output), 0, 0]],
  }
  const json = {
    format: 'layers-model',
    generatedBy: 'Thaw',
    convertedBy: null,
    modelTopology: {
      keras_version: '2.15.0',
      backend: 'tensorflow',
      model_config: { class_name: 'Functional', config },
    },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: w.weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
    // the scaling is among the layers, which a reader cannot see where channels differ
    userDefinedMetadata: { pixels: '0..255', ...(classes && { classes }) },
  }
  const total = w.weights.reduce((sum, { data }) => sum + data.length, 0)
  const bytes = new Float32Array(total)
  let offset = 0
  for (const { data } of w.weights) {
    bytes.set(data, offset)
    offset += data.length
  }
  return new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(json))],
    ['weights.bin', new Uint8Array(bytes.buffer)],
  ])
}
