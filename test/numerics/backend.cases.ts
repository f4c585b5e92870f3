import { batchNormEval } from '../../src/engine/backend/kernels/batchNorm'
import { ops, tf, type Tensor } from '../../src/engine/backend'
import type { Padding } from '../../src/engine/backend'
import { type RandomStream } from '../../src/engine/random'

/** One op at one setting; `run` is what is tested, `op` and `attributes` tell test/reference/backend.py the same. */
export interface Case {
  op: string
  attributes: Record<string, unknown>
  shapes: number[][]
  run: (inputs: Tensor[]) => Tensor
  /** Where inputs must lie; default N(0, 1). */
  draw?: (random: RandomStream) => number
  /** By input, where one differs from the others. */
  draws?: Record<number, (random: RandomStream) => number>
  /** Where float32 itself forbids 1e-5, with the reason. */
  tolerance?: { value: number; why: string }
}

const positive = (random: RandomStream) => 0.5 + random.uniform()
const wide = (random: RandomStream) => 4 * random.normal()
const pairs = (list: [number, number][]) => list

const convolutions: Case[] = [
  ...(['valid', 'same', [1, 1, 1, 1], [2, 0, 1, 3]] as Padding[]).flatMap((padding) =>
    pairs([
      [1, 1],
      [2, 2],
      [2, 1],
      [3, 3],
    ]).flatMap((strides) => [
      conv('conv2d', [2, 7, 9, 3], [3, 3, 3, 4], strides, padding),
      conv('depthwiseConv2d', [2, 7, 9, 12], [3, 3, 12, 1], strides, padding),
    ]),
  ),
  conv('conv2d', [3, 5, 5, 20], [1, 1, 20, 12], [1, 1], 'valid'),
  conv('conv2d', [3, 5, 6, 20], [1, 1, 20, 13], [2, 2], 'same'),
  conv('conv2d', [2, 8, 6, 5], [5, 5, 5, 9], [1, 1], 'same'),
  conv('conv2d', [2, 8, 6, 5], [5, 4, 5, 9], [2, 2], 'same'),
  conv('conv2d', [1, 15, 13, 3], [7, 7, 3, 8], [2, 2], [3, 3, 3, 3]),
  conv('conv2d', [2, 9, 9, 17], [3, 3, 17, 10], [2, 2], [0, 1, 0, 1]),
  conv('conv2d', [2, 6, 6, 2], [1, 1, 2, 3], [1, 1], [1, 2, 0, 1]),
  conv('conv2d', [1, 14, 14, 16], [2, 3, 16, 8], [1, 2], 'same', true),
  conv('depthwiseConv2d', [2, 8, 8, 20], [5, 5, 20, 1], [1, 1], 'same'),
  conv('depthwiseConv2d', [2, 9, 8, 11], [5, 5, 11, 1], [2, 2], 'same'),
  conv('depthwiseConv2d', [1, 6, 6, 4], [2, 4, 4, 1], [1, 1], 'same', true),
  conv('depthwiseConv2d', [2, 6, 7, 3], [3, 3, 3, 2], [2, 2], 'same'),
  conv('depthwiseConv2d', [2, 3, 2, 8], [5, 5, 8, 1], [1, 1], 'same'),
  conv('depthwiseConv2d', [2, 3, 4, 8], [5, 5, 8, 1], [2, 2], 'same'),
  conv('depthwiseConv2d', [2, 3, 4, 8], [7, 7, 8, 1], [1, 1], 'same'),
]

function conv(
  op: 'conv2d' | 'depthwiseConv2d',
  x: number[],
  w: number[],
  strides: [number, number],
  padding: Padding,
  bias = false,
): Case {
  const out = op === 'conv2d' ? w[3]! : w[2]! * w[3]!
  return {
    op,
    attributes: { strides, padding },
    shapes: [x, w, ...(bias ? [[out]] : [])],
    run: ([input, kernel, b]) => ops[op](input!, kernel!, { strides, padding }, b),
  }
}

const matrices: Case[] = [
  {
    op: 'dense',
    attributes: {},
    shapes: [[7, 13], [13, 10], [10]],
    run: ([x, w, b]) => ops.dense(x!, w!, b),
  },
  { op: 'biasAdd', attributes: {}, shapes: [[3, 4, 5, 6], [6]], run: ([x, b]) => ops.biasAdd(x!, b!) },
  ...[false, true].flatMap((ta) =>
    [false, true].flatMap((tb) =>
      [[], [3]].map((lead): Case => ({
        op: 'matMul',
        attributes: { ta, tb },
        shapes: [
          [...lead, ...(ta ? [9, 5] : [5, 9])],
          [...lead, ...(tb ? [6, 9] : [9, 6])],
        ],
        run: ([a, b]) => ops.matMul(a!, b!, ta, tb),
      })),
    ),
  ),
]

const norms: Case[] = (['linear', 'relu', 'relu6'] as const).flatMap((activation) =>
  [
    [2, 5, 3, 9],
    [6, 8],
    [3, 12, 12, 4],
  ].flatMap((shape): Case[] => {
    const c = shape[shape.length - 1]!
    const epsilon = 1e-3
    return [
      {
        op: 'batchNormTrain',
        attributes: { epsilon, activation },
        shapes: [shape, [c], [c]],
        draws: {
          0: (random) => 1 + 2 * random.normal(),
          1: (random) => 3 * random.normal(),
          2: (random) => 2 * random.normal(),
        },
        run: ([x, gamma, beta]) => {
          const { output, mean, variance } = ops.batchNormTrain(
            x!,
            { gamma: gamma!, beta: beta!, epsilon },
            activation,
          )
          return tf.concat([tf.reshape(output, [-1]), mean, variance])
        },
      },
      {
        op: 'batchNormEval',
        attributes: { epsilon, activation },
        shapes: [shape, [c], [c], [c], [c]],
        draws: { 1: (random) => 3 * random.normal(), 4: positive },
        run: ([x, gamma, beta, mean, variance]) =>
          batchNormEval(
            x!,
            { gamma: gamma!, beta: beta!, mean: mean!, variance: variance!, epsilon },
            activation,
          ),
      },
    ]
  }),
)

const elementwise: Case[] = [
  ...(['relu', 'sigmoid', 'tanh', 'swish', 'elu', 'exp', 'square', 'abs'] as const).map((op) =>
    single(op, (x) => ops[op](x)),
  ),
  { ...single('relu6', (x) => ops.relu6(x)), draw: wide },
  { ...single('leakyRelu', (x) => ops.leakyRelu(x, 0.3)), attributes: { alpha: 0.3 } },
  ...(['log', 'sqrt', 'rsqrt'] as const).map((op) => ({ ...single(op, (x) => ops[op](x)), draw: positive })),
  ...(['softmax', 'logSoftmax', 'logSumExp'] as const).map((op) => ({
    ...single(op, (x) => ops[op](x)),
    draw: wide,
  })),
  {
    ...single('softmaxCrossEntropy', (x) =>
      ops.softmaxCrossEntropy(x, tf.tensor1d([3, 0, 6, 2, 2], 'int32')),
    ),
    attributes: { labels: [3, 0, 6, 2, 2] },
    draw: wide,
  },
]

function single(op: string, run: (x: Tensor) => Tensor, shape = [5, 7]): Case {
  return { op, attributes: {}, shapes: [shape], run: ([x]) => run(x!) }
}

const pools: Case[] = (['maxPool', 'avgPool'] as const).flatMap((op) =>
  (['valid', 'same', [1, 1, 1, 1], [0, 1, 0, 1]] as Padding[]).flatMap((padding) =>
    pairs([
      [1, 1],
      [2, 2],
      [3, 2],
    ]).map((strides): Case => {
      const options = { size: [3, 2] as const, strides, padding }
      return {
        op,
        attributes: options,
        shapes: [[2, 7, 8, 5]],
        run: ([x]) => ops[op](x!, options),
      }
    }),
  ),
)

const shapes: Case[] = [
  single('globalAveragePool', (x) => ops.globalAveragePool(x), [3, 5, 4, 7]),
  {
    ...single('zeroPad', (x) => ops.zeroPad(x, [1, 2, 0, 3]), [2, 3, 4, 2]),
    attributes: { pad: [1, 2, 0, 3] },
  },
  ...(
    [
      [3, 9],
      [7, 4],
      [5, 2],
      [1, 6],
      [10, 6],
    ] as const
  ).map((to): Case => ({
    ...single('resizeBilinear', (x) => ops.resizeBilinear(x, to), [2, 5, 6, 3]),
    attributes: { size: to },
  })),
  ...(['add', 'multiply'] as const).flatMap((op) =>
    [
      [
        [4, 3, 5],
        [4, 3, 5],
      ],
      [
        [4, 3, 5],
        [3, 1],
      ],
      [[2, 1], [5]],
      [[], [3]],
    ].map((pair): Case => ({ op, attributes: {}, shapes: pair, run: ([a, b]) => ops[op](a!, b!) })),
  ),
  ...[1, -1, 0].map((axis): Case => ({
    op: 'concat',
    attributes: { axis },
    shapes: [[2, 3, 4], axis === 1 ? [2, 5, 4] : axis === 0 ? [1, 3, 4] : [2, 3, 1]],
    run: (parts) => ops.concat(parts, axis),
  })),
  { ...single('reshape', (x) => ops.reshape(x, [7, 5])), attributes: { shape: [7, 5] } },
  single('flatten', (x) => ops.flatten(x), [2, 3, 4]),
  ...(['sum', 'mean'] as const).flatMap((op) =>
    [
      { axes: [0], keep: false },
      { axes: [0, 2], keep: false },
      { axes: [1], keep: true },
    ].map(({ axes, keep }): Case => ({
      ...single(op, (x) => ops[op](x, axes, keep), [4, 3, 5]),
      attributes: { axes, keep },
    })),
  ),
  ...[
    [3, 4, 5, 6],
    [2, 3, 7],
    [3, 5],
  ].map((shape): Case => ({
    op: 'mix',
    attributes: {},
    shapes: [shape, shape, [shape[0]!, shape.at(-1)!]],
    run: ([a, b, g]) => ops.mix(a!, b!, g!),
  })),
  // decisions: where every gate is 0 or 1 a back end may select
  ...[
    [3, 4, 5, 6],
    [5, 7],
  ].map((shape): Case => ({
    op: 'mix',
    attributes: { gates: 'hard' },
    shapes: [shape, shape, [shape[0]!, shape.at(-1)!]],
    draws: { 2: (random) => Number(random.uniform() < 0.5) },
    run: ([a, b, g]) => ops.mix(a!, b!, g!),
  })),
  {
    ...single('gather', (x) => ops.gather(x, tf.tensor1d([3, 0, 3, 1], 'int32'))),
    attributes: { indices: [3, 0, 3, 1] },
  },
]

const both = (op: string, run: (a: Tensor, b: Tensor) => Tensor, shape = [4, 6]): Case => ({
  op,
  attributes: {},
  shapes: [shape, shape],
  run: ([a, b]) => run(a!, b!),
})

/** tfjs's own functions: strategies build losses of them, and their gradients are ours (derivatives/). */
const plain: Case[] = [
  both('tf.sub', (a, b) => tf.sub(a, b)),
  { ...both('tf.div', (a, b) => tf.div(a, b)), draws: { 1: positive } },
  { ...single('tf.pow', (x) => tf.pow(x, 3)), attributes: { power: 3 } },
  both('tf.maximum', (a, b) => tf.maximum(a, b)),
  both('tf.minimum', (a, b) => tf.minimum(a, b)),
  { ...single('tf.max', (x) => tf.max(x, 1)), attributes: { axis: 1 } },
  both('tf.where', (a, b) => tf.where(tf.greater(a, b), tf.square(a), b)),
  { ...single('tf.clip', (x) => tf.clipByValue(x, -0.5, 0.7)), attributes: { low: -0.5, high: 0.7 } },
  both('tf.squaredDifference', (a, b) => tf.squaredDifference(a, b)),
  {
    ...single('tf.transpose', (x) => tf.transpose(x, [2, 0, 1]), [3, 4, 5]),
    attributes: { perm: [2, 0, 1] },
  },
  single('tf.slice', (x) => tf.slice(x, [1, 2], [2, 3])),
  both('tf.stack', (a, b) => tf.stack([a, b], 1)),
  single('tf.unstack', (x) => tf.mul(tf.unstack(x, 1)[0]!, tf.unstack(x, 1)[1]!)),
  single(
    'tf.split',
    (x) => {
      const [a, b] = tf.split(x, 2, 1)
      return tf.mul(a!, b!)
    },
    [3, 4],
  ),
  { ...single('tf.tile', (x) => tf.tile(x, [2, 3])), attributes: { reps: [2, 3] } },
  { ...single('tf.reverse', (x) => tf.reverse(x, [1])), attributes: { axis: [1] } },
  ...[0, 1].map((axis) => ({
    ...single('tf.gather', (x) => tf.gather(x, tf.tensor1d([2, 2, 0, 4], 'int32'), axis), [5, 6, 2]),
    attributes: { axis, indices: [2, 2, 0, 4] },
  })),
  both('tf.addN', (a, b) => tf.addN([a, b, a])),
  single('tf.softplus', (x) => tf.softplus(x)),
  single('tf.softmax', (x) => tf.softmax(x)),
  single('tf.sigmoid', (x) => tf.sigmoid(x)),
  single('tf.tanh', (x) => tf.tanh(x)),
  single('tf.exp', (x) => tf.exp(x)),
  { ...single('tf.sqrt', (x) => tf.sqrt(x)), draw: positive },
  { ...single('tf.log', (x) => tf.log(x)), draw: positive },
  single('tf.norm', (x) => tf.norm(x)),
]

/** Per-channel reductions and scalings that strategies use on feature maps. */
const channels: Case[] = [
  single('channels.sum', (x) => ops.channels.sum(x), [3, 4, 5, 7]),
  both('mapDistance', (a, b) => ops.mapDistance(a, b), [3, 4, 5, 7]),
  both('channels.dot', (a, b) => ops.channels.dot(a, b), [3, 4, 5, 7]),
  {
    op: 'channels.scale',
    attributes: {},
    shapes: [[3, 4, 5, 7], [7]],
    run: ([x, s]) => ops.channels.scale(x!, s!),
  },
]

export const cases: Case[] = [
  ...channels,
  ...convolutions,
  ...matrices,
  ...norms,
  ...elementwise,
  ...pools,
  ...shapes,
  ...plain,
]

export const titleOf = ({ op, attributes, shapes: s }: Case): string =>
  `${op} ${JSON.stringify(attributes)} of ${s.map((shape) => `[${shape}]`).join(' ')}`
