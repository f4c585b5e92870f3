import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeSafetensors } from '../../../src/engine/formats'
import { assignStages, GraphBuilder, initialise } from '../../../src/engine/network'
import type { LoadedModel } from '../../../src/engine/network/types'
import { RandomStream } from '../../../src/engine/random'
import { strategies } from '../../../src/engine/strategies/registry'
import { readInitialize } from '../../../src/engine/train/outside'
import { preflight } from '../../../src/engine/train/preflight'
import { setUp } from '../../../src/engine/train/setup'
import { tinySpec } from '../train/fixture'
import { noiseImages, realModel } from './realNetworks'

/** Which strategy fits which network, and what is said where it does not: why, and the nearest thing that fits. */

/** No convolution at all. */
function denseModel(): LoadedModel {
  const b = new GraphBuilder('dense', [32, 32, 3])
  let x = b.plain('flatten', { kind: 'flatten' }, ['input'])
  x = b.activation('relu1', b.dense('fc1', x, 8), 'relu')
  const graph = assignStages(b.build(b.activation('relu2', b.dense('fc2', x, 8), 'relu')))
  return { graph, values: initialise(graph, new RandomStream(1, 'dense')), source: 'test:dense' }
}

const networks = {
  resnet18: () => realModel('resnet18'),
  mobilenet_v2: () => realModel('mobilenet_v2'),
  'efficientnet-lite0': () => realModel('thaw:efficientnet-lite0'),
  small_cnn: () => realModel('small_cnn'),
  /** `source: "none"`: a small CNN without weights. */
  none: async () => ({ ...(await realModel('small_cnn')), values: new Map() }),
  dense: () => Promise.resolve(denseModel()),
}
type Network = keyof typeof networks

const NO_TEACHER =
  'learns from a pre-trained network, and the model has no weights; name a model file or a packaged network in model.source'

/** All that is refused; whatever is not here fits. */
const refused: Record<string, Partial<Record<Network, string>>> = {
  'l2-sp': {
    none: 'strategy: l2-sp pulls towards pre-trained weights, and the model has none; name a model file in model.source, or write strategy.variant "l2"',
  },
  delta: {
    none: `strategy: delta ${NO_TEACHER}, or use "scratch"`,
    dense:
      'strategy: delta compares feature maps of convolutions, and dense has none; "l2-sp" holds the weights of any network',
  },
  'hybrid-forward': {
    none: `strategy: hybrid-forward ${NO_TEACHER}, or another network to learn from in strategy.teacher, or use "scratch"`,
    dense:
      'strategy: hybrid-forward crosses between maps of convolutions, and dense has none; "l2-sp" holds the weights of any network',
  },
  fitnets: {
    none: `strategy: fitnets ${NO_TEACHER}, or another network to learn from in strategy.teacher, or use "scratch"`,
    dense:
      'model: dense has no feature map [height, width, channels] to compare; name a convolutional network, or use "full"',
  },
  'l2t-ww': {
    none: `strategy: l2t-ww ${NO_TEACHER}, or another network to learn from in strategy.teacher, or use "scratch"`,
    dense:
      'model: dense has no feature map [height, width, channels] to compare; name a convolutional network, or use "full"',
  },
  transtailor: {
    none: 'strategy: transtailor tailors a pre-trained network, and this one starts from random weights; name a model with weights, or use "scratch"',
    dense: 'strategy: transtailor cuts filters of convolutions, and dense has none; use "full" or "l2-sp"',
  },
  spottune: {
    small_cnn:
      'strategy: spottune routes residual blocks, and small_cnn has none; write "blocks": "all" to route its 3 blocks without a skip connection, or use adafilter, which decides by filter',
    none: 'strategy: spottune mixes a pre-trained network with a tuned one, and the model has no pre-trained weights; name a model file, or use full or scratch',
    dense:
      'strategy: spottune routes residual blocks, and dense has none; write "blocks": "all" to route its one block without a skip connection, or use "l2-sp", which fits any network',
  },
  adafilter: {
    none: 'strategy: adafilter chooses between pre-trained and tuned filters, and the model has no pre-trained weights; name a model file, or use full or scratch',
    dense:
      'strategy: adafilter decides by filter of a convolution, and dense has none; use l2-sp, which fits any network',
  },
}

/** What a strategy needs beside its defaults. */
const needs: Record<string, object> = { 'l2t-ww': { optimizer: { name: 'sgd', rate: 0.05 } } }

const models = new Map<Network, Promise<LoadedModel>>()

/** What is said of a strategy on a network; undefined where it fits. */
async function said(strategy: Record<string, unknown> & { name: string }, network: Network) {
  if (!models.has(network)) models.set(network, networks[network]())
  const spec = tinySpec(strategy, {
    backend: 'cpu',
    model: { inputSize: 32 },
    train: { steps: 8, batchSize: 2, ...needs[strategy.name] },
  })
  try {
    await setUp(spec, { base: '.' }, { model: await models.get(network)!, images: noiseImages(2) })
    return undefined
  } catch (error) {
    expect((error as Error).name).toBe('UserError')
    return (error as Error).message
  }
}

describe.each([...strategies.keys()])('%s', (name) => {
  test.each(Object.keys(networks) as Network[])('on %s', async (network) => {
    const message = await said({ name }, network)
    expect(message).toBe(refused[name]?.[network])
    if (message === undefined) return
    // field, reason, and what to do instead; the strategies it names do fit
    expect(message).toMatch(/^(strategy|model)[\w.]*: .+; .+$/)
    const advice = message.slice(message.indexOf('; '))
    for (const other of strategies.keys())
      if (other !== name && new RegExp(`(^|[ "])${other}([ ",.]|$)`).test(advice))
        expect([other, await said({ name: other }, network)]).toEqual([other, undefined])
  })
})

test('what else the sentences advise does fit', async () => {
  expect(await said({ name: 'spottune', blocks: 'all' }, 'small_cnn')).toBeUndefined()
  expect(await said({ name: 'spottune', blocks: 'all' }, 'dense')).toBeUndefined()
  expect(await said({ name: 'l2-sp', variant: 'l2' }, 'none')).toBeUndefined()
})

test('a refusal of the strategy is a problem of preflight, at the field and with the advice apart', async () => {
  const model = { source: 'none', architecture: 'small_cnn', inputSize: 32 }
  const data = { source: 'thaw:noto-drawings', fraction: 0.2 }
  const spec = tinySpec('adafilter', { model, data, backend: 'cpu', train: { steps: 2, batchSize: 2 } })
  const { problems } = await preflight(spec, { base: '.' }, { audit: false, dry: false })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([
    {
      severity: 'error',
      path: 'strategy',
      message:
        'adafilter chooses between pre-trained and tuned filters, and the model has no pre-trained weights',
      hint: 'name a model file, or use full or scratch',
    },
  ])
})

test.each([
  ['linear-probe', 4],
  ['full', 0],
])('%s without pre-trained weights: layers that stay random are a warning', async (name, layers) => {
  const model = { source: 'none', architecture: 'small_cnn', inputSize: 32 }
  const data = { source: 'thaw:noto-drawings', fraction: 0.2 }
  const spec = tinySpec(name, { model, data, backend: 'cpu', train: { steps: 2, batchSize: 2 } })
  const { problems } = await preflight(spec, { base: '.' }, { audit: false, dry: false })
  const found = problems.filter(({ message }) => message.includes('stay as they were drawn'))
  expect(found.map(({ severity, path, message }) => [severity, path, message])).toEqual(
    layers === 0
      ? []
      : [
          [
            'warning',
            'strategy',
            `the model has no pre-trained weights, and ${layers} layers that nothing trains stay as they were drawn`,
          ],
        ],
  )
})

test('start values of a head for other classes are told as that', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-labels-'))
  try {
    const { graph } = await setUp(
      tinySpec('full', { backend: 'cpu', model: { inputSize: 32 } }),
      { base: '.' },
      { model: await realModel('small_cnn'), images: noiseImages(2) },
    )
    const { shape } = graph.parameters.get('head.weight')!
    const width = shape[0]!
    const data = new Float32Array(5 * width)
    writeFileSync(
      join(folder, 'other.safetensors'),
      writeSafetensors(new Map([['head.weight', { shape: [5, width], data }]]), {}),
    )
    await expect(readInitialize(graph, folder, 'other.safetensors')).rejects.toThrow(
      'train.initialize: its head tells 5 classes apart, and data.source has 2; leave head.weight and head.bias out of the file, so that a new head is learned, or use the classes it was trained on',
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
