import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SpotTunePicture } from '../../../src/events/pictures/spottune'
import { openBackend, ops, tf, valueAndGradients, type Tensor } from '../../../src/engine/backend'
import { createBank, runGraph } from '../../../src/engine/network'
import { decideHard } from '../../../src/engine/network/gating'
import { floats } from '../../../src/engine/optim/floats'
import { RandomStream } from '../../../src/engine/random'
import { allBlocks, residualBlocks } from '../../../src/engine/strategies/routing/blocks'
import { gumbelGates, shuffled } from '../../../src/engine/strategies/routing/gates'
import { twoBranches } from '../../../src/engine/strategies/routing/names'
import { spottune } from '../../../src/engine/strategies/spottune'
import { countLoss, shareLoss } from '../../../src/engine/strategies/spottune/losses'
import { options as schema } from '../../../src/engine/strategies/spottune/meta'
import { structureOf } from '../../../src/engine/strategies/spottune/structure'
import { openTrained, TrainingSession } from '../../../src/engine/train'
import { computeObjective, disposeStatistics } from '../../../src/engine/train/objective'
import { saveSession } from '../../../src/engine/train/savepoint'
import { residualModel } from '../../parity/networks'
import { Collected, environment, SIDE, tinyImages, tinyModel, tinySpec } from '../train/fixture'
import { differences, runMember, valuesOf, weightsOf } from './contract'
import { openReal, realGraph, realModel, realNetworks } from './realNetworks'

const model = residualModel()
const BLOCKS = 4
const sgd = { name: 'sgd', rate: 0.05, weightDecay: 0 }

async function open(
  options: Record<string, unknown> = {},
  train: Record<string, unknown> = {},
  backend = 'cpu',
) {
  const spec = tinySpec({ name: 'spottune', ...options }, { backend, train: { optimizer: sgd, ...train } })
  const sink = new Collected()
  const session = await TrainingSession.open(spec, environment(sink), { model, images: tinyImages(spec) })
  const full = schema.parse(options)
  const structure = structureOf(session.graph, full, SIDE, session.teacher?.graph)
  return { session, sink, structure, options: full }
}

type Opened = Awaited<ReturnType<typeof open>>

async function steps({ session }: Opened, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await session.step()
}

async function pixelsOf({ session }: Opened, n = 12): Promise<Tensor> {
  for await (const { images, shape } of session.setup.images.evaluation('train', SIDE, n))
    return tf.tensor4d(images, shape)
  throw new Error('no images')
}

/** Scores under given gates [n, blocks]. */
function routed({ session, structure }: Opened, x: Tensor, gates?: (n: number) => number[][]): Float32Array {
  const { graph, bank, w0 } = session
  const decide = gates && (() => tf.tensor2d(gates(x.shape[0]!)))
  return tf.tidy(() =>
    floats(runGraph(structure.graph, x, { parameters: twoBranches(graph, bank, w0), decide }).output).slice(),
  )
}

const all = (value: number) => (n: number) =>
  Array.from({ length: n }, () => Array<number>(BLOCKS).fill(value))
const mixed = (n: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: BLOCKS }, (__, k) => ((i >> (k % 3)) + k) % 2))

const same = (a: Float32Array, b: Float32Array) =>
  expect(differences(new Map([['logits', a]]), new Map([['logits', b]]))).toEqual([])

/** Gradients of a phase's objective by what trains. */
async function gradients(opened: Opened): Promise<Map<string, Float32Array>> {
  const { session } = opened
  await session.advance()
  const batch = await session.setup.images.stream(SIDE).next()
  const x = tf.tensor4d(batch.images, batch.shape)
  const labels = tf.tensor1d(batch.labels, 'int32')
  const result = computeObjective({
    ...session,
    active: session.active,
    x,
    labels,
    total: 6,
    items: batch.items,
  })
  const found = new Map([...result.gradients].map(([name, g]) => [name, floats(g).slice()]))
  disposeStatistics(result.statistics)
  tf.dispose([x, labels, result.parts, result.logits, result.observed, ...result.gradients.values()])
  return found
}

const largest = (values: Float32Array): number => Math.max(...values.map(Math.abs))

beforeAll(() => openBackend('cpu'))

describe('after some steps, blocks and stem frozen', () => {
  let opened: Opened
  let x: Tensor
  beforeAll(async () => {
    opened = await open()
    await steps(opened, 4)
    x = await pixelsOf(opened)
  })
  afterAll(async () => {
    x.dispose()
    await opened.session.dispose()
  })

  test('ST-1 all frozen is the pre-trained network with the head of now, bit for bit', () => {
    const { graph, bank, w0 } = opened.session
    const parameters = { get: (name: string) => (name.startsWith('head.') ? bank : w0).get(name) }
    same(
      routed(opened, x, all(0)),
      tf.tidy(() => floats(runGraph(graph, x, { parameters }).output).slice()),
    )
  })

  test('ST-8 all tuned is the tuned network, and routes matter by now', () => {
    const { graph, bank } = opened.session
    const tuned = routed(opened, x, all(1))
    same(
      tuned,
      tf.tidy(() => floats(runGraph(graph, x, { parameters: bank }).output).slice()),
    )
    expect(routed(opened, x, all(0))).not.toEqual(tuned)
    expect(routed(opened, x, mixed)).not.toEqual(tuned)
  })

  test('ST-12 evaluation decides without noise', () => {
    const { infer } = opened.session
    const once = () => tf.tidy(() => floats(infer!(x)).slice())
    same(once(), once())
  })
})

test.each(['cpu', 'wasm'])(
  'ST-9 images that run only their branch score as with both, on %s',
  async (backend) => {
    await openBackend(backend as 'cpu')
    const opened = await open({ policy: 'random', mix: 'activation' }, {}, backend)
    await steps(opened, 3)
    const x = await pixelsOf(opened)
    // a policy that tells images apart
    const bias = opened.session.bank.get('policy.linear.bias')
    const weight = opened.session.bank.get('policy.linear.weight')
    const random = new RandomStream(1, 'apart')
    opened.session.bank.set(
      'policy.linear.weight',
      tf.tensor(
        Float32Array.from({ length: weight.size }, () => 5 * random.normal()),
        weight.shape,
      ),
    )
    opened.session.bank.set('policy.linear.bias', tf.zeros(bias.shape))
    const gathering = spottune.create!(
      {
        graph: opened.session.graph,
        bank: opened.session.bank,
        w0: opened.session.w0,
        spec: opened.session.spec,
        classes: [],
        items: [],
      } as never,
      { ...opened.options, gather: true },
    )
    const gathered = tf.tidy(() => floats(gathering.infer!(x)).slice())
    const dense = routed(opened, x)
    const scale = largest(dense)
    dense.forEach((value, i) => expect(Math.abs(value - gathered[i]!) / scale).toBeLessThan(1e-6))
    const routes = new Set<string>()
    tf.tidy(() => {
      const { graph, bank, w0 } = opened.session
      runGraph(opened.structure.graph, x, {
        parameters: twoBranches(graph, bank, w0),
        decide: (_, logits) => {
          const gates = decideHard(logits, 'pair')
          for (const row of gates.arraySync() as number[][]) routes.add(row.join(''))
          return gates
        },
      })
    })
    expect(routes.size).toBeGreaterThan(1)
    x.dispose()
    await opened.session.dispose()
    await openBackend('cpu')
  },
)

describe('at step 0', () => {
  test('ST-2 any policy gives the same logits, bit for bit, in evaluation and in training', async () => {
    const opened = await open()
    const x = await pixelsOf(opened)
    same(routed(opened, x, mixed), routed(opened, x, all(0)))
    same(routed(opened, x, all(1)), routed(opened, x, all(0)))
    x.dispose()
    await opened.session.dispose()
    const first = async (options: object) => {
      const one = await open({ frozenNorms: 'adapted', ...options }, { batchNorm: 'train' })
      const report = await one.session.step()
      await one.session.dispose()
      return report!.loss
    }
    expect(await first({})).toBe(await first({ policy: 'all-tuned' }))
  })

  test('ST-3 cross-entropy gives the policy a gradient of exactly 0, and k alone moves it', async () => {
    const one = await open({}, { batchNorm: 'eval_affine' })
    const found = await gradients(one)
    expect(found.has('policy.conv1.weight')).toBe(true)
    for (const [name, values] of found)
      if (name.startsWith('policy.')) expect([name, largest(values)]).toEqual([name, 0])
    expect(largest(found.get('head.weight')!)).toBeGreaterThan(0)
    await one.session.dispose()
    const k = await open({ k: 1 }, { batchNorm: 'eval_affine' })
    expect(largest((await gradients(k)).get('policy.linear.weight')!)).toBeGreaterThan(0)
    await k.session.dispose()
    // pitfall of section 6.10: batch statistics on one side only
    const apart = await open({}, { batchNorm: 'train' })
    expect(largest((await gradients(apart)).get('policy.linear.weight')!)).toBeGreaterThan(0)
    await apart.session.dispose()
  })
})

describe('Gumbel gates', () => {
  const noiseOf = (n: number, l: number, name = 'noise') => {
    const random = new RandomStream(5, name)
    const values = Float32Array.from({ length: n * l * 2 }, () => -Math.log(-Math.log(1 - random.uniform())))
    return tf.tensor3d(values, [n, l, 2])
  }

  test('ST-4 the forward pass does not depend on the temperature, ST-7 gates are exactly 0 or 1', () =>
    void tf.tidy(() => {
      const logits = tf.randomNormal([5000, 8], 0, 3, 'float32', 1)
      const noise = noiseOf(5000, 4)
      const [cold, warm] = [0.1, 5].map((temperature) =>
        floats(gumbelGates(logits, noise, temperature)).slice(),
      )
      expect(cold).toEqual(warm)
      expect(new Set(cold)).toEqual(new Set([0, 1]))
    }))

  test('ST-5 the share of ones over many draws is sigmoid(a1 - a0)', () =>
    void tf.tidy(() => {
      const n = 40_000
      const logits = tf.tile(tf.tensor2d([[0.3, 1.1, 0.5, -1.5, 0, 0]]), [n, 1])
      const shares = [...tf.mean(gumbelGates(logits, noiseOf(n, 3), 5), 0).dataSync()]
      const expected = [0.8, -2, 0].map((d) => 1 / (1 + Math.exp(-d)))
      // three standard errors
      shares.forEach((share, i) =>
        expect(Math.abs(share - expected[i]!)).toBeLessThan(3 * Math.sqrt(0.25 / n)),
      )
    }))

  test.each([1, 5])('ST-6 the backward factor is y (1 - y) / tau, at tau %d', (tau) => {
    const logits = tf.tensor2d([[0.3, 1.1, 0.5, -1.5]])
    const noise = noiseOf(1, 2)
    const { loss, gradients: grads } = valueAndGradients(
      () => ops.sum(ops.multiply(gumbelGates(logits, noise, tau), tf.tensor2d([[2, -3]]))),
      [logits],
    )
    const g = grads[0]!.dataSync()
    const [a, e] = [logits.dataSync(), noise.dataSync()]
    ;[2, -3].forEach((weight, l) => {
      const y = 1 / (1 + Math.exp(-(a[2 * l + 1]! + e[2 * l + 1]! - a[2 * l]! - e[2 * l]!) / tau))
      const factor = (weight * y * (1 - y)) / tau
      expect(g[2 * l + 1]).toBeCloseTo(factor, 6)
      expect(g[2 * l]).toBeCloseTo(-factor, 6)
    })
    tf.dispose([logits, noise, loss, grads])
  })

  test('shuffled gates are those of another image', () =>
    void tf.tidy(() => {
      const gates = tf.tensor2d([
        [1, 0],
        [0, 0],
        [1, 1],
      ])
      expect(shuffled(gates).arraySync()).toEqual([
        [0, 0],
        [1, 1],
        [1, 0],
      ])
    }))
})

test('a branch that is not finite does not reach images that are routed elsewhere', () =>
  void tf.tidy(() => {
    const broken = tf.fill([2, 3, 3, 2], NaN)
    const fine = tf.ones([2, 3, 3, 2])
    const gates = tf.zeros([2, 2])
    expect(ops.mix(fine, broken, gates).dataSync()).toEqual(fine.dataSync())
    const { gradients: grads } = valueAndGradients(
      () => ops.sum(ops.mix(fine, broken, gates)),
      [fine, broken],
    )
    expect([...grads[0]!.dataSync(), ...grads[1]!.dataSync()].every(Number.isFinite)).toBe(true)
  }))

test('ST-10 the losses of the global policy and their gradients', () =>
  void tf.tidy(() => {
    const v = tf.tensor1d([0.2, 0.7, 1, 0])
    const count = valueAndGradients(() => countLoss(v, 1), [v])
    expect(count.loss.dataSync()[0]).toBeCloseTo(0.81, 6)
    for (const g of count.gradients[0]!.dataSync()) expect(g).toBeCloseTo(2 * 0.9, 6)
    expect(countLoss(tf.tensor1d([0.5, 0.5]), 1).dataSync()[0]).toBe(0)
    expect(shareLoss(tf.tensor1d([0, 1, 1, 0])).dataSync()[0]).toBeCloseTo(0, 12)
    expect(shareLoss(v).dataSync()[0]).toBeCloseTo(-0.2 * Math.log(0.2) - 0.7 * Math.log(0.7), 6)
    // it peaks at 1/e, which the binary entropy does not
    const peak = valueAndGradients(() => shareLoss(tf.reshape(v, [4])), [v]).gradients[0]!.dataSync()
    expect(peak[0]).toBeCloseTo(-Math.log(0.2) - 1, 5)
  }))

test('ST-11 without strengths the global policy trains as SpotTune does, bit for bit', async () => {
  const final = async (options: Record<string, unknown>) => {
    const { sink } = await runMember({
      strategy: spottune as never,
      options: { blocks: 'all', compare: false, ...options },
    })
    return weightsOf(sink.checkpoints.at(-1)!.files)
  }
  expect(differences(await final({}), await final({ k: 1, lambda1: 0, lambda2: 0 }))).toEqual([])
})

test('U2 all tuned, with stem and all others, is full fine-tuning bit for bit', async () => {
  const final = async (strategy: { name: string; [option: string]: unknown }) => {
    const spec = tinySpec(strategy, { train: { batchNorm: 'train' } })
    const session = await TrainingSession.open(spec, environment(), { model, images: tinyImages(spec) })
    while (await session.step());
    const values = valuesOf(session.bank)
    await session.dispose()
    return values
  }
  const plain = await final({ name: 'full' })
  expect(
    differences(
      plain,
      await final({ name: 'spottune', policy: 'all-tuned', stem: 'tuned', others: 'tuned' }),
    ),
  ).toEqual([])
  const frozen = await final({ name: 'spottune', policy: 'all-frozen' })
  expect(differences(plain, frozen).length).toBeGreaterThan(10)
})

test('ST-13 the global policy leaves a plain network whose logits are those of both branches under it', async () => {
  const opened = await open({ k: 2, frozenNorms: 'adapted' }, { batchNorm: 'train', steps: 8 })
  await steps(opened, 8)
  const { session } = opened
  const runtime = session.runtime!
  const { usage } = runtime.save!().state as { usage: number[] }
  // some blocks tuned and some not, whatever so short a run has learned
  runtime.restore!({ state: { usage: usage.map((_, i) => i % 2), steps: 8 }, tensors: new Map() })
  const x = await pixelsOf(opened)
  const files = saveSession(session)
  const trained = await openTrained(session.spec, { base: '.' }, files, { model })
  expect([...trained.graph.parameters.keys()].filter((name) => /policy|frozen/.test(name))).toEqual([])
  expect(trained.graph.nodes.length).toBe(model.graph.nodes.length + 2)
  const bank = createBank(trained.values)
  const compact = tf.tidy(() => floats(runGraph(trained.graph, x, { parameters: bank }).output).slice())
  same(
    compact,
    routed(opened, x, (n) => Array.from({ length: n }, () => [0, 1, 0, 1])),
  )
  same(
    compact,
    tf.tidy(() => floats(session.infer!(x)).slice()),
  )
  tf.dispose([x])
  bank.dispose()
  await session.dispose()
})

test('ST-14 an image that runs a block frozen gives its copy no gradient', async () => {
  const opened = await open({}, { batchNorm: 'eval_affine' })
  await steps(opened, 2)
  const { session, structure } = opened
  const { graph, bank, w0 } = session
  const x = await pixelsOf(opened, 4)
  const labels = tf.tensor1d([0, 1, 2, 0], 'int32')
  const inputs = structure.blocks[2]!.layers.flatMap((layer) =>
    [...graph.parameters.values()].filter((p) => p.layer === layer && !p.buffer).map((p) => p.name),
  )
  const of = (gates: number[], only?: number) =>
    tf.tidy(() => {
      const rows = only === undefined ? x : tf.slice(x, [only, 0, 0, 0], [1, SIDE, SIDE, 3])
      const own = only === undefined ? labels : tf.slice(labels, [only], [1])
      const n = rows.shape[0]!
      const routes = (only === undefined ? gates : [gates[only]!]).map((g) => [1, 1, g, 1])
      const { gradients: grads } = valueAndGradients(
        () => {
          const { output } = runGraph(structure.graph, rows, {
            parameters: twoBranches(graph, bank, w0),
            decide: () => tf.tensor2d(routes),
          })
          return tf.mul(ops.softmaxCrossEntropy(output, own), n)
        },
        inputs.map((name) => bank.get(name)),
      )
      return Float32Array.from(grads.flatMap((g) => [...g.dataSync()]))
    })
  expect(largest(of([0, 0, 0, 0]))).toBe(0)
  const batch = of([1, 0, 0, 0])
  const alone = of([1, 0, 0, 0], 0)
  batch.forEach((value, i) => expect(value).toBeCloseTo(alone[i]!, 5))
  tf.dispose([x, labels])
  await session.dispose()
})

test('tells routes by block, class and image, and how sure the policy is', async () => {
  const { sink } = await runMember({ strategy: spottune as never, options: { blocks: 'all' } })
  const pictures = sink.of('picture').filter(({ name }) => name === 'routing')
  const { data } = pictures.findLast(({ data: told }) => 'routed' in (told as object))! as {
    data: SpotTunePicture
  }
  expect(data.blocks.map(({ label }) => label)).toEqual([
    'stage1/block 0',
    'stage2/block 0',
    'stage2/block 1',
  ])
  expect(data.routed!.byClass.map((row) => row.class)).toEqual(['dots', 'rows', 'columns'])
  for (const row of data.routed!.byClass)
    for (const percent of row.percent) expect(percent).toBeGreaterThanOrEqual(0)
  expect(data.routed!.samples[0]!.path).toMatch(/^(val|test)\/dots\//)
  expect(data.training.percent).toHaveLength(3)
  // a view shows the last picture alone: it has what the end of the run and the last evaluation told
  const last = pictures.at(-1)!.data as typeof data
  expect(last.routed).toEqual(data.routed)
  expect(last.ablations!.map(({ gates }) => gates)).toEqual([
    'own',
    'all-tuned',
    'all-frozen',
    'random',
    'shuffled',
  ])
  expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(4000)
})

describe('blocks', () => {
  test('are the residual sides without their shortcuts', () => {
    const blocks = residualBlocks(model.graph)
    expect(blocks.map(({ output }) => output)).toEqual([
      'layer1.0.bn2',
      'layer1.1.bn2',
      'layer2.0.bn2',
      'layer2.1.bn2',
    ])
    expect(blocks[2]!.layers).toEqual([
      'layer2.0.conv1',
      'layer2.0.bn1',
      'layer2.0.relu1',
      'layer2.0.conv2',
      'layer2.0.bn2',
    ])
    expect(allBlocks(model.graph)).toEqual(blocks)
    expect(allBlocks(tinyModel().graph)).toHaveLength(3)
  })

  test.each([
    ['thaw:efficientnet-lite0', 9, 15],
    ['resnet18', 8, 8],
    ['resnet50', 16, 16],
    ['mobilenet_v2', 10, 18],
    ['small_cnn', 0, 3],
  ])('of %s: %d with a skip, %d in all', async (name, residual, whole) => {
    const graph = name.startsWith('thaw:') ? (await realModel(name)).graph : realGraph(name)
    expect([residualBlocks(graph).length, allBlocks(graph).length]).toEqual([residual, whole])
  })
})

describe('what does not fit is refused with the nearest thing that does', () => {
  const refused = (name: string, strategy: object, source?: object) => {
    const spec = tinySpec({ name: 'spottune', ...strategy })
    return expect(
      TrainingSession.open(spec, environment(), { model: { ...model, ...source }, images: tinyImages(spec) }),
      name,
    ).rejects.toThrow
  }
  test('no residual block', async () => {
    await expect(openReal('small_cnn', { name: 'spottune' })).rejects.toThrow(
      /small_cnn has none; write "blocks": "all" to route its 3 blocks/,
    )
  })
  test('no pre-trained weights', () => refused('random', {}, { values: new Map() })(/no pre-trained weights/))
  test('more blocks than there are', () => refused('k', { k: 5 })(/4 routed blocks, not 5/))
  test('a number of blocks without a policy', () =>
    refused('k', { k: 2, policy: 'all-tuned' })(/leave one of the two out/))
})

test.each(realNetworks)('takes steps on %s', async (name) => {
  const { session } = await openReal(
    name,
    { name: 'spottune', blocks: 'all', compare: false },
    { train: { steps: 1 } },
  )
  const report = await session.step()
  expect(report!.loss).toBeGreaterThan(0)
  const { metrics } = await session.evaluate('val')
  expect(metrics).toBeDefined()
  await session.dispose()
})
