import { beforeAll, describe, expect, test } from 'vitest'
import { openBackend, tf } from '../../../src/engine/backend'
import {
  GraphBuilder,
  assignStages,
  attachHead,
  backboneOf,
  channelMap,
  createBank,
  createGraph,
  cutGraph,
  inferShapes,
  initialise,
  keptOutputs,
  layerCosts,
  PrunedCost,
  pruneGraph,
  rowsWithin,
  runGraph,
  selectChannels,
  takeRows,
  type KeptChannels,
  type ResidualRule,
} from '../../../src/engine/network'
import type { NetworkGraph, PlainValue } from '../../../src/engine/network/types'
import { floats } from '../../../src/engine/optim/floats'
import { RandomStream } from '../../../src/engine/random'

const SIZE = 32
const random = () => new RandomStream(5, 'prune')

/** Convolutions with bias, a flatten and two dense layers: what people write by hand. */
function plain(): NetworkGraph {
  const b = new GraphBuilder('plain', [SIZE, SIZE, 3])
  let x = b.activation('a.relu', b.conv('a', 'input', 6, { kernel: 3, stride: 4, bias: true }), 'relu')
  x = b.conv('b', x, 5, { kernel: 3, stride: 2, bias: true })
  x = b.activation('b.relu', x, 'relu')
  x = b.plain('flat', { kind: 'flatten' }, [x])
  return assignStages(b.build(b.activation('fc.relu', b.dense('fc', x, 7), 'relu')))
}

/** A gate as in squeeze-and-excitation, a concatenation, a norm behind the activation. */
function branched(): NetworkGraph {
  const b = new GraphBuilder('branched', [SIZE, SIZE, 3])
  const norm = { epsilon: 1e-3, momentum: 0.1 }
  let x = b.conv('a', 'input', 6, { kernel: 3, stride: 4 })
  x = b.batchNorm('a.norm', b.activation('a.relu', x, 'relu'), norm)
  let gate = b.plain('pool', { kind: 'globalAveragePool' }, [x])
  gate = b.plain('gate.shape', { kind: 'reshape', shape: [1, 1, 6] }, [gate])
  gate = b.activation('gate.sigmoid', b.conv('gate', gate, 6, { kernel: 1, bias: true }), 'sigmoid')
  x = b.plain('gated', { kind: 'multiply' }, [x, gate])
  const left = b.activation(
    'left.relu',
    b.batchNorm('left.norm', b.conv('left', x, 4, { kernel: 1 }), norm),
    'relu',
  )
  const right = b.conv('right', x, 3, { kernel: 1, bias: true })
  x = b.plain('joined', { kind: 'concat' }, [left, right])
  x = b.batchNorm('joined.norm', x, norm)
  x = b.depthwise('joined.depth', x, { kernel: 3, bias: true })
  return assignStages(b.build(b.conv('last', x, 4, { kernel: 1 })))
}

const networks: Record<string, () => NetworkGraph> = {
  'plain with flatten': plain,
  'gates and concatenation': branched,
  // the deepest and widest half of a ResNet-50 adds seconds and no other kind of block
  resnet18: () => cutGraph(createGraph('resnet18', { inputSize: SIZE }), 'stage3'),
  resnet50: () => cutGraph(createGraph('resnet50', { inputSize: SIZE }), 'stage3'),
  mobilenet_v2: () => backboneOf(createGraph('mobilenet_v2', { inputSize: SIZE })),
  efficientnet_lite0: () => backboneOf(createGraph('efficientnet_lite0', { inputSize: SIZE })),
  small_cnn: () => backboneOf(createGraph('small_cnn', { inputSize: SIZE })),
}

/** Network with head, and every second channel of what can be cut. */
function cut(make: () => NetworkGraph, rule: ResidualRule) {
  const head = attachHead(make(), { classes: 3, dropout: 0, std: 0.1, random: random() })
  const map = channelMap(head.graph, rule)
  const kept: KeptChannels = new Map(
    map.groups
      .filter(({ fixed, size }) => fixed === undefined && size > 1)
      .map(({ name, size }) => [name, Array.from({ length: size }, (_, i) => i).filter((i) => i % 2 === 1)]),
  )
  return { graph: head.graph, head: head.values, map, kept, pruned: pruneGraph(head.graph, map, kept) }
}

function valuesOf(graph: NetworkGraph, head: Map<string, PlainValue>): Map<string, PlainValue> {
  const values = new Map([...initialise(graph, random()), ...head])
  const noise = random()
  for (const [name, { shape, data }] of values)
    if (graph.parameters.get(name)!.role !== 'kernel')
      values.set(name, { shape, data: data.map((v) => v + 0.2 * Math.abs(noise.normal())) })
  return values
}

function narrowed(values: Map<string, PlainValue>, parameters: ReturnType<typeof pruneGraph>['parameters']) {
  return new Map(
    [...values].map(([name, value]) => [
      name,
      parameters.has(name) ? takeRows(value, parameters.get(name)!) : value,
    ]),
  )
}

beforeAll(() => openBackend('wasm'))

describe.each(Object.keys(networks))('%s', (name) => {
  // tied cuts all that inner does
  const rules: ResidualRule[] = name.startsWith('resnet') ? ['tied'] : ['inner', 'tied']
  test.each(rules)('TT-6 the cut network is the masked one, %s', (rule) => {
    const { graph, head, map, kept, pruned } = cut(networks[name]!, rule)
    const values = valuesOf(graph, head)
    expect(kept.size).toBeGreaterThan(0)
    const noise = random()
    const x = tf.tensor4d(
      Float32Array.from({ length: 2 * SIZE * SIZE * 3 }, () => 255 * noise.uniform()),
      [2, SIZE, SIZE, 3],
    )
    const whole = createBank(values)
    const left = createBank(narrowed(values, pruned.parameters))
    const masks = new Map<string, Float32Array>()
    for (const { name: layer, op } of graph.nodes) {
      const positions = keptOutputs(map, layer, kept)
      // whatever can make something of a channel of zeros
      if (!positions || !['conv2d', 'depthwiseConv2d', 'batchNorm'].includes(op.kind)) continue
      const width = inferShapes(graph).get(layer)!.at(-1)!
      masks.set(
        layer,
        Float32Array.from({ length: width }, (_, i) => (positions.includes(i) ? 1 : 0)),
      )
    }
    const masked = runGraph(graph, x, {
      parameters: whole,
      transform: (layer, y) => (masks.has(layer) ? tf.mul(y, tf.tensor1d(masks.get(layer)!)) : y),
    }).output
    const small = runGraph(pruned.graph, x, { parameters: left }).output
    const plain = runGraph(graph, x, { parameters: whole }).output
    const difference = (a: Float32Array, b: Float32Array) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)))
    const size = Math.max(...floats(masked).map(Math.abs))
    expect(difference(floats(masked), floats(small))).toBeLessThan(1e-5 * size)
    // and cutting has done something
    expect(difference(floats(plain), floats(small))).toBeGreaterThan(1e-3 * size)
    tf.dispose([x, masked, small, plain])
    whole.dispose()
    left.dispose()
  })

  test.each(['inner', 'tied'] as const)(
    'TT-7 counted from what is kept is counted in the cut network, %s',
    (rule) => {
      const { graph, map, kept, pruned } = cut(networks[name]!, rule)
      const cost = new PrunedCost(graph, map)
      const counts = map.groups.map(({ name: group, size }) => kept.get(group)?.length ?? size)
      const counted = (of: NetworkGraph) =>
        layerCosts(of).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
      expect(cost.total(counts)).toBe(counted(pruned.graph))
      expect(cost.total(map.groups.map(({ size }) => size))).toBe(counted(graph))
      expect(counted(pruned.graph)).toBeLessThan(counted(graph))
    },
  )
})

test('a residual network loses inner filters alone, or whole streams where they are tied', () => {
  const graph = networks.resnet50!()
  const inner = channelMap(graph, 'inner').groups
  const stage = inner.find(({ name }) => name === 'layer1.0.conv3')
  const conv1 = inner.find(({ name }) => name === 'layer1.0.conv1')!
  expect(conv1).toEqual({ name: 'layer1.0.conv1', size: 64, convolutions: ['layer1.0.conv1'] })
  expect(stage?.fixed).toBe('branches are added to it')
  const tied = channelMap(graph, 'tied').groups.find(({ name }) => name === 'layer1.0.conv3')!
  expect(tied.fixed).toBeUndefined()
  expect([...tied.convolutions].sort()).toEqual(
    ['layer1.0.conv3', 'layer1.0.downsample.0', 'layer1.1.conv3', 'layer1.2.conv3'].sort(),
  )
})

test('a depthwise convolution goes with its producer', () => {
  const graph = networks.mobilenet_v2!()
  const groups = channelMap(graph).groups.filter(({ fixed }) => fixed === undefined)
  const two = groups.filter(({ convolutions }) => convolutions.length === 2)
  expect(two.length).toBeGreaterThan(10)
  for (const { convolutions } of two)
    expect(convolutions.map((name) => graph.nodes.find((node) => node.name === name)!.op.kind)).toEqual([
      'conv2d',
      'depthwiseConv2d',
    ])
})

test('what would not be the same without its zeros stays whole', () => {
  const b = new GraphBuilder('sigmoid', [SIZE, SIZE, 3])
  const x = b.activation('a.sigmoid', b.conv('a', 'input', 4, { kernel: 1 }), 'sigmoid')
  const graph = b.build(b.conv('b', x, 4, { kernel: 1 }))
  const fixed = Object.fromEntries(channelMap(graph).groups.map(({ name, fixed: why }) => [name, why]))
  expect(fixed).toEqual({
    input: 'it is the picture',
    a: "'a.sigmoid' does not keep zeros",
    b: "it is the network's output",
  })
})

describe('selection', () => {
  const { graph, map } = cut(plain, 'inner')
  const cost = new PrunedCost(graph, map)
  const importance = new Map([
    ['a', [5, 1, 4, 2, 3, 6]],
    ['b', [10, 0.5, 20, 30, 40]],
  ])
  const counts = (kept: KeptChannels) => map.groups.map(({ name, size }) => kept.get(name)?.length ?? size)
  const select = (budget: number, keep = 0.05) =>
    selectChannels({ groups: map.groups, cost, kept: new Map(), importance, budget, keep })

  test('TT-8 what is cut is worth the budget, and one filter fewer is not', () => {
    const before = cost.total(map.groups.map(({ size }) => size))
    for (const share of [0.02, 0.1, 0.3, 0.5]) {
      const { kept, cut: number, after, reached } = select(share * before)
      expect(reached).toBe(true)
      expect(cost.total(counts(kept))).toBe(after)
      expect(before - after).toBeGreaterThanOrEqual(share * before)
      // in the order of importance: b1, a1, a3, a4, a2, a0 …
      const order = ['b1', 'a1', 'a3', 'a4', 'a2', 'a0', 'b0', 'b2', 'b3']
      const gone = (name: string, i: number) => kept.has(name) && !kept.get(name)!.includes(i)
      for (const [i, channel] of order.entries())
        expect([channel, gone(channel[0]!, Number(channel[1]))]).toEqual([channel, i < number])
      const last = order[number - 1]!
      const fewer = new Map(kept)
      const back = [...kept.get(last[0]!)!, Number(last[1])].sort()
      fewer.set(last[0]!, back)
      expect(before - cost.total(counts(fewer))).toBeLessThan(share * before)
    }
  })

  test('a share of each group stays, and then the budget is out of reach', () => {
    const { kept, reached } = select(Infinity, 0.5)
    expect(reached).toBe(false)
    expect(kept.get('a')).toEqual([0, 2, 5])
    expect(kept.get('b')).toEqual([2, 3, 4])
  })

  test('a second selection starts from what the first left', () => {
    const before = cost.total(map.groups.map(({ size }) => size))
    const first = select(0.1 * before).kept
    const again = selectChannels({
      groups: map.groups,
      cost,
      kept: first,
      importance: new Map(
        [...importance].map(([n, v]) => [n, first.has(n) ? first.get(n)!.map((i) => v[i]!) : v]),
      ),
      budget: 0.1 * before,
      keep: 0.05,
    }).kept
    for (const [name, channels] of again)
      for (const i of channels) expect(first.get(name) ?? [i]).toContain(i)
    expect(rowsWithin([first.get('a')], [again.get('a')], 1)[0]).toEqual(
      again.get('a')!.map((i) => first.get('a')!.indexOf(i)),
    )
    expect(() => rowsWithin([again.get('a')], [first.get('a')], 1)).toThrow('no longer there')
  })
})
