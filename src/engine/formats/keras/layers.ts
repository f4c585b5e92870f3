import type { LayerReading } from './reading'

/** Appends what a Keras layer computes and returns the graph layer that holds its output. */
type Convert = (at: LayerReading, inputs: readonly string[]) => string

const channelsOf = (at: LayerReading, input: string): number => at.builder.shapeOf(input).at(-1)!

function convolution(at: LayerReading): {
  kernel: [number, number]
  stride: [number, number]
  padding: 'valid' | 'same'
  dilations?: [number, number]
  bias: boolean
} {
  at.channelsLast()
  at.expect('groups', 1)
  const dilations = at.pair('dilation_rate', 1)
  return {
    kernel: at.pair('kernel_size'),
    stride: at.pair('strides', 1),
    padding: at.padding(),
    ...(dilations.some((n) => n > 1) ? { dilations } : {}),
    bias: at.flag('use_bias', true),
  }
}

const conv2d: Convert = (at, [x]) => {
  const options = convolution(at)
  const filters = at.number('filters', 0)
  const kernel = at.weight('kernel', 'kernel', 0, [...options.kernel, channelsOf(at, x!), filters])
  const bias = options.bias ? at.weight('bias', 'bias', 1, [filters]) : undefined
  return at.activate(at.builder.conv(at.name, x!, filters, options, { kernel, bias }))
}

const depthwiseConv2d: Convert = (at, [x]) => {
  const options = { ...convolution(at), multiplier: at.number('depth_multiplier', 1) }
  const channels = channelsOf(at, x!)
  const kernel = at.weight('kernel', 'depthwise_kernel', 0, [...options.kernel, channels, options.multiplier])
  const bias = options.bias ? at.weight('bias', 'bias', 1, [channels * options.multiplier]) : undefined
  return at.activate(at.builder.depthwise(at.name, x!, options, { kernel, bias }))
}

/** A depthwise convolution without bias, then a pointwise one with the layer's bias: two nodes. */
const separableConv2d: Convert = (at, [x]) => {
  const options = convolution(at)
  const multiplier = at.number('depth_multiplier', 1)
  const filters = at.number('filters', 0)
  const channels = channelsOf(at, x!)
  const depthwise = at.weight('kernel', 'depthwise_kernel', 0, [...options.kernel, channels, multiplier])
  const pointwise = at.weight('kernel', 'pointwise_kernel', 1, [1, 1, channels * multiplier, filters])
  const bias = options.bias ? at.weight('bias', 'bias', 2, [filters]) : undefined
  const spread = at.builder.depthwise(
    `${at.name}.depthwise`,
    x!,
    { ...options, multiplier, bias: false },
    { kernel: depthwise },
  )
  return at.activate(
    at.builder.conv(at.name, spread, filters, { kernel: 1, bias: options.bias }, { kernel: pointwise, bias }),
  )
}

const dense: Convert = (at, [x]) => {
  const units = at.number('units', 0)
  const useBias = at.flag('use_bias', true)
  const kernel = at.weight('kernel', 'kernel', 0, [channelsOf(at, x!), units])
  const bias = useBias ? at.weight('bias', 'bias', 1, [units]) : undefined
  return at.activate(at.builder.dense(at.name, x!, units, useBias, { kernel, bias }))
}

const batchNormalization: Convert = (at, [x]) => {
  const rank = at.builder.shapeOf(x!).length
  at.expect('axis', -1, rank, [-1], [rank])
  at.expect('renorm', false)
  const shape = [channelsOf(at, x!)]
  const scale = at.flag('scale', true)
  const center = at.flag('center', true)
  let index = 0
  const gamma = scale ? at.weight('gamma', 'gamma', index++, shape) : undefined
  const beta = center ? at.weight('beta', 'beta', index++, shape) : undefined
  const mean = at.weight('mean', 'moving_mean', index++, shape)
  const variance = at.weight('variance', 'moving_variance', index, shape)
  // Keras's momentum is what is kept, ours (PyTorch's) what is taken
  const options = {
    epsilon: at.number('epsilon', 1e-3),
    momentum: 1 - at.number('momentum', 0.99),
    scale,
    center,
  }
  return at.builder.batchNorm(at.name, x!, options, { gamma, beta, mean, variance })
}

const relu: Convert = (at, [x]) => {
  const max = at.setting('max_value') ?? null
  at.expect('threshold', 0)
  const slope = at.number('negative_slope', 0)
  if (max !== null && max !== 6)
    throw at.fail(`has max_value ${JSON.stringify(max)}; only 6 or none is supported`)
  if (slope !== 0 && max !== null) throw at.fail('has both a slope and a max_value, which is not supported')
  if (slope !== 0) return at.plain({ kind: 'activation', activation: 'leakyRelu', alpha: slope }, [x!])
  return at.builder.activation(at.name, x!, max === 6 ? 'relu6' : 'relu')
}

const leakyRelu: Convert = (at, [x]) => {
  const alpha = at.number('negative_slope', at.number('alpha', 0.3))
  return at.plain({ kind: 'activation', activation: 'leakyRelu', alpha }, [x!])
}

const softmax: Convert = (at, [x]) => {
  at.expect('axis', -1)
  return at.builder.activation(at.name, x!, 'softmax')
}

const pool =
  (kind: 'maxPool' | 'avgPool'): Convert =>
  (at, [x]) => {
    at.channelsLast()
    const size = at.pair('pool_size', 2)
    const stride = at.setting('strides') == null ? size : at.pair('strides')
    return at.builder.pool(at.name, x!, kind, { size, stride, padding: at.padding() })
  }

const globalAveragePooling2d: Convert = (at, [x]) => {
  at.channelsLast()
  if (!at.flag('keepdims', false)) return at.plain({ kind: 'globalAveragePool' }, [x!])
  const pooled = at.builder.plain(`${at.name}.pool`, { kind: 'globalAveragePool' }, [x!])
  return at.plain({ kind: 'reshape', shape: [1, 1, channelsOf(at, x!)] }, [pooled])
}

const zeroPadding2d: Convert = (at, [x]) => {
  at.channelsLast()
  const value = at.setting('padding') ?? 1
  const sides = (Array.isArray(value) ? value : [value, value]).flatMap((n) =>
    Array.isArray(n) ? (n as unknown[]) : [n, n],
  )
  if (
    sides.length !== 4 ||
    !sides.every((n) => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 4096)
  ) {
    throw at.fail(`has padding ${JSON.stringify(value)}, not whole numbers`)
  }
  return at.plain({ kind: 'zeroPad', padding: sides as [number, number, number, number] }, [x!])
}

const rescaling: Convert = (at, [x]) => {
  const list = (key: string, fallback: number): number[] => {
    const value = at.setting(key) ?? fallback
    const values = Array.isArray(value) ? value : [value, value, value]
    if (values.length !== 3 || !values.every((n) => typeof n === 'number' && Number.isFinite(n))) {
      throw at.fail(`has ${key} ${JSON.stringify(value)}, not one or three numbers`)
    }
    return values as number[]
  }
  const scale = list('scale', 1)
  if (scale.some((n) => n === 0)) throw at.fail('has scale 0')
  const offset = list('offset', 0)
  // x * scale + offset = (x - mean) / std
  return at.builder.normalize(
    at.name,
    x!,
    scale.map((s, i) => -offset[i]! / s),
    scale.map((s) => 1 / s),
  )
}

const concatenate: Convert = (at, inputs) => {
  const rank = at.builder.shapeOf(inputs[0]!).length
  at.expect('axis', -1, rank)
  return at.plain({ kind: 'concat' }, inputs)
}

const reshape: Convert = (at, [x]) => {
  const shape = at.setting('target_shape')
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n))) throw at.fail('has no target_shape')
  return at.plain({ kind: 'reshape', shape: shape as number[] }, [x!])
}

/** Keras layer classes that are read. */
export const converters: Record<string, Convert> = {
  Conv2D: conv2d,
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  Dense: dense,
  BatchNormalization: batchNormalization,
  Activation: (at, [x]) => at.activate(x!),
  ReLU: relu,
  LeakyReLU: leakyRelu,
  Softmax: softmax,
  MaxPooling2D: pool('maxPool'),
  AveragePooling2D: pool('avgPool'),
  GlobalAveragePooling2D: globalAveragePooling2d,
  ZeroPadding2D: zeroPadding2d,
  Rescaling: rescaling,
  Flatten: (at, [x]) => {
    at.channelsLast()
    return at.plain({ kind: 'flatten' }, [x!])
  },
  Reshape: reshape,
  Dropout: (at, [x]) => at.plain({ kind: 'dropout', rate: at.number('rate', 0) }, [x!]),
  Add: (at, inputs) => at.plain({ kind: 'add' }, inputs),
  Multiply: (at, inputs) => at.plain({ kind: 'multiply' }, inputs),
  Concatenate: concatenate,
}
