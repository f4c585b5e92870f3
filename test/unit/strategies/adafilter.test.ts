import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AdaFilterPicture } from '../../../src/events/pictures/adafilter'
import { openBackend, ops, tf, valueAndGradients, type Tensor } from '../../../src/engine/backend'
import { exportModel } from '../../../src/engine/formats'
import { createBank, layerCosts, runGraph } from '../../../src/engine/network'
import { decideHard } from '../../../src/engine/network/gating'
import { floats } from '../../../src/engine/optim/floats'
import { RandomStream } from '../../../src/engine/random'
import { adafilter } from '../../../src/engine/strategies/adafilter'
import { gatesOf } from '../../../src/engine/strategies/adafilter/gates'
import { meta, options as schema } from '../../../src/engine/strategies/adafilter/meta'
import { selectedNorm } from '../../../src/engine/strategies/adafilter/selectedNorm'
import { structureOf } from '../../../src/engine/strategies/adafilter/sites'
import { twoBranches } from '../../../src/engine/strategies/routing/names'
import { openTrained, TrainingSession } from '../../../src/engine/train'
import { computeObjective, disposeStatistics } from '../../../src/engine/train/objective'
import { saveSession } from '../../../src/engine/train/savepoint'
import { residualModel } from '../../parity/networks'
import { Collected, environment, SIDE, tinyImages, tinySpec } from '../train/fixture'
import { differences, runMember, valuesOf } from './contract'
import { openReal, realNetworks } from './realNetworks'

const model = residualModel()
const small = { width: 6, hidden: 5 }
const sgd = { name: 'sgd', rate: 0.05, weightDecay: 0 }

async function open(options: Record<string, unknown> = {}, train: Record<string, unknown> = {}) {
  const spec = tinySpec({ name: 'adafilter', ...small, ...options }, { train: { optimizer: sgd, ...train } })
  const session = await TrainingSession.open(spec, environment(new Collected()), {
    model,
    images: tinyImages(spec),
  })
  const full = schema.parse({ ...small, ...options })
  return { session, structure: structureOf(session.graph, full) }
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

type Decide = (layer: string, logits: Tensor) => Tensor

function gated({ session, structure }: Opened, x: Tensor, decide?: Decide): Float32Array {
  const { graph, bank, w0 } = session
  return tf.tidy(() =>
    floats(runGraph(structure.graph, x, { parameters: twoBranches(graph, bank, w0), decide }).output).slice(),
  )
}

/** Hard gates of every site, by image. */
function gatesAt(opened: Opened, x: Tensor): Map<string, number[][]> {
  const found = new Map<string, number[][]>()
  gated(opened, x, (layer, logits) => {
    const gates = decideHard(logits, 'sign')
    found.set(layer, gates.arraySync() as number[][])
    return gates
  })
  return found
}

const ones: Decide = (_, logits) => tf.onesLike(logits)
const zeros: Decide = (_, logits) => tf.zerosLike(logits)
const coins: Decide = (layer, logits) => {
  const random = new RandomStream(3, layer)
  return tf.tensor(
    Float32Array.from({ length: logits.size }, () => random.integer(2)),
    logits.shape,
  )
}

const same = (a: Float32Array, b: Float32Array) =>
  expect(differences(new Map([['logits', a]]), new Map([['logits', b]]))).toEqual([])

const largest = (values: Float32Array): number => Math.max(...values.map(Math.abs))

/** Gradients of the phase's objective by what trains. */
async function gradients({ session }: Opened): Promise<Map<string, Float32Array>> {
  await session.advance()
  const batch = await session.setup.images.stream(SIDE).next()
  const x = tf.tensor4d(batch.images, batch.shape)
  const labels = tf.tensor1d(batch.labels, 'int32')
  const { active } = session
  const result = computeObjective({ ...session, active, x, labels, total: 6, items: batch.items })
  const found = new Map([...result.gradients].map(([name, g]) => [name, floats(g).slice()]))
  disposeStatistics(result.statistics)
  tf.dispose([x, labels, result.parts, result.logits, result.observed, ...result.gradients.values()])
  return found
}

beforeAll(() => openBackend('cpu'))

describe('after some steps', () => {
  let frozenNorms: Opened
  let adapted: Opened
  let x: Tensor
  let before: Map<string, Float32Array>
  beforeAll(async () => {
    frozenNorms = await open({ frozenNorms: 'frozen', bias: 0 })
    adapted = await open({ bias: 0 })
    before = valuesOf(adapted.session.w0)
    await steps(frozenNorms, 3)
    await steps(adapted, 3)
    x = await pixelsOf(adapted)
  })
  afterAll(async () => {
    x.dispose()
    await frozenNorms.session.dispose()
    await adapted.session.dispose()
  })

  test('AF-1 all gates 0 and frozen norms is the pre-trained network with the head of now, bit for bit', () => {
    const { graph, bank, w0 } = frozenNorms.session
    const parameters = { get: (name: string) => (name.startsWith('head.') ? bank : w0).get(name) }
    same(
      gated(frozenNorms, x, zeros),
      tf.tidy(() => floats(runGraph(graph, x, { parameters }).output).slice()),
    )
  })

  test('AF-2 all gates 1 is the tuned network with its own norms, and gates matter by now', () => {
    const { graph, bank } = adapted.session
    const tuned = gated(adapted, x, ones)
    same(
      tuned,
      tf.tidy(() => floats(runGraph(graph, x, { parameters: bank }).output).slice()),
    )
    expect(gated(adapted, x, zeros)).not.toEqual(tuned)
    expect(gated(adapted, x, coins)).not.toEqual(tuned)
  })

  test('AF-4 gates are exactly 0 or 1 and evaluation is deterministic', () => {
    const gates = gatesAt(adapted, x)
    expect(new Set([...gates.values()].flat(2))).toEqual(new Set([0, 1]))
    expect(gatesAt(adapted, x)).toEqual(gates)
    same(gated(adapted, x), gated(adapted, x))
  })

  test('AF-5 the gates of an image do not depend on its batch-mates: the state begins anew', () => {
    const together = gatesAt(adapted, x)
    const first = tf.slice(x, [0, 0, 0, 0], [1, SIDE, SIDE, 3])
    const alone = gatesAt(adapted, first)
    first.dispose()
    for (const [layer, gates] of alone) expect(gates[0]).toEqual(together.get(layer)![0])
  })

  test('AF-6 gates depend on layers below alone', () => {
    const { session, structure } = adapted
    const before2 = gatesAt(adapted, x)
    const site = structure.sites[4]!
    const name = `${site.conv}.weight`
    const kernel = session.bank.get(name)
    const kept = tf.clone(kernel)
    session.bank.set(name, tf.mul(kernel, -3))
    const after = gatesAt(adapted, x)
    session.bank.set(name, kept)
    const changed = structure.sites.map(({ conv }) => {
      const layer = gatesOf(conv)
      return JSON.stringify(after.get(layer)) !== JSON.stringify(before2.get(layer))
    })
    expect(changed.slice(0, 5)).toEqual([false, false, false, false, false])
    // and the layers above it do look at what it gives
    expect(changed.slice(5)).toContain(true)
  })

  test('AF-8 the pre-trained filters stay as they were', async () => {
    expect(differences(before, valuesOf(adapted.session.w0))).toEqual([])
    expect(await adapted.session.w0.hash()).toBe(adapted.session.w0Hash)
  })

  test('the finished network has both banks; safetensors holds them, a tfjs layers model cannot', async () => {
    const trained = await openTrained(adapted.session.spec, { base: '.' }, saveSession(adapted.session), {
      model,
    })
    const bank = createBank(trained.values)
    same(
      gated(adapted, x),
      tf.tidy(() => floats(runGraph(trained.graph, x, { parameters: bank }).output).slice()),
    )
    const files = await exportModel(trained.graph, bank, 'safetensors')
    const text = Buffer.from(files.get('model.safetensors')!).subarray(0, 20_000).toString('latin1')
    for (const name of [
      'frozen.layer1.0.conv1.weight',
      'gates.cell.weight_ih',
      'gates.layer1.0.conv1.out.bias',
    ])
      expect(text).toContain(name)
    await expect(exportModel(trained.graph, bank, 'tfjs')).rejects.toThrow(/tfjs layers model cannot say/)
    bank.dispose()
  })
})

test('AF-3 at step 0 any gates give the same logits, and the gate network a gradient of exactly 0', async () => {
  const opened = await open({ bias: 0 }, { batchNorm: 'train' })
  const x = await pixelsOf(opened)
  same(gated(opened, x, coins), gated(opened, x, ones))
  same(gated(opened, x), gated(opened, x, zeros))
  const found = await gradients(opened)
  for (const [name, values] of found)
    if (name.startsWith('gates.')) expect([name, largest(values)]).toEqual([name, 0])
  expect(largest(found.get('layer1.0.conv1.weight')!)).toBeGreaterThan(0)
  x.dispose()
  await opened.session.dispose()
  // with the pre-trained side's norms frozen and batch statistics on the other, it is not 0
  const apart = await open({ frozenNorms: 'frozen', bias: 0 }, { batchNorm: 'train' })
  expect(largest((await gradients(apart)).get('gates.cell.weight_ih')!)).toBeGreaterThan(0)
  await apart.session.dispose()
})

test('AF-5 one cell serves all layers: its parameters do not grow with depth', () => {
  const cell = (blocks: number[]) => {
    const { graph } = residualModel({ blocks })
    const { owned, sites } = structureOf(graph, schema.parse({}))
    return [
      owned.filter(({ layer }) => layer === 'gates.cell').flatMap(({ shape }) => shape),
      sites.length,
    ] as const
  }
  const [shallow, deep] = [cell([1, 1]), cell([3, 3])]
  expect(shallow[0]).toEqual(deep[0])
  expect(shallow[0]).toEqual([128, 512, 128, 512, 512, 512])
  expect([shallow[1], deep[1]]).toEqual([4, 12])
})

test('AF-7 a filter that no image took gets no gradient', async () => {
  const opened = await open({ bias: 0 })
  await steps(opened, 2)
  const { session, structure } = opened
  const { graph, bank, w0 } = session
  const x = await pixelsOf(opened, 4)
  const { conv } = structure.sites[3]!
  const input = bank.get(`${conv}.weight`)
  const labels = tf.tensor1d([0, 1, 2, 0], 'int32')
  const { loss, gradients: grads } = valueAndGradients(() => {
    const decide: Decide = (layer, logits) => {
      const gates = ones(layer, logits)
      if (layer !== gatesOf(conv)) return gates
      // filter 1 for nobody, filter 0 for one image
      return tf.mul(gates, tf.tensor2d([[1, 0, 1, 1], ...Array.from({ length: 3 }, () => [0, 0, 1, 1])]))
    }
    const { output } = runGraph(structure.graph, x, { parameters: twoBranches(graph, bank, w0), decide })
    return ops.softmaxCrossEntropy(output, labels)
  }, [input])
  const byFilter = (k: number) => largest(floats(tf.slice(grads[0]!, [0, 0, 0, k], [3, 3, 4, 1])).slice())
  expect(byFilter(1)).toBe(0)
  expect(byFilter(0)).toBeGreaterThan(0)
  tf.dispose([x, labels, loss, grads])
  await session.dispose()
})

test('AF-9 one norm for both banks is selection, then batch norm', async () => {
  const opened = await open({ gatedNorm: false, bias: 0 })
  expect(opened.structure.owned.filter(({ name }) => name.startsWith('frozen.'))).toEqual([])
  const { graph, sites } = opened.structure
  for (const { conv, norm } of sites) {
    const mix = graph.nodes.find(({ name }) => name === `${conv}.mix`)!
    expect(mix.inputs).toEqual([`frozen.${conv}`, conv, gatesOf(conv)])
    expect(graph.nodes.find(({ name }) => name === norm)!.inputs).toEqual([mix.name])
  }
  // on running statistics that both share, it is the same function as a norm for each
  const each = await open({ frozenNorms: 'frozen', bias: 0 })
  const x = await pixelsOf(opened)
  const [a, b] = [gated(opened, x, coins), gated(each, x, coins)]
  a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 5))
  x.dispose()
  await opened.session.dispose()
  await each.session.dispose()
})

test('option a: statistics of the images that chose a channel, running ones where nobody did', () =>
  void tf.tidy(() => {
    const x = tf.randomNormal([3, 2, 2, 2], 1, 2, 'float32', 4)
    const taken = tf.tensor2d([
      [1, 0],
      [0, 0],
      [1, 0],
    ])
    const [gamma, beta] = [tf.tensor1d([1.5, 2]), tf.tensor1d([0.1, -0.2])]
    const [mean, variance] = [tf.tensor1d([9, 0.5]), tf.tensor1d([9, 4])]
    const { output, statistics } = selectedNorm(x, taken, { gamma, beta, mean, variance, epsilon: 1e-5 })
    const values = x.arraySync() as number[][][][]
    const chosen = [0, 2].flatMap((n) => values[n]!.flat().map((pixel) => pixel[0]!))
    const m = chosen.reduce((p, q) => p + q) / 8
    const s = chosen.reduce((p, q) => p + (q - m) ** 2, 0)
    const found = output.arraySync() as number[][][][]
    expect(found[1]![0]![1]![0]).toBeCloseTo(
      ((values[1]![0]![1]![0]! - m) / Math.sqrt(s / 8 + 1e-5)) * 1.5 + 0.1,
      4,
    )
    expect(found[1]![0]![1]![1]).toBeCloseTo(((values[1]![0]![1]![1]! - 0.5) / 2) * 2 - 0.2, 4)
    expect(statistics.mean.dataSync()[0]).toBeCloseTo(m, 5)
    expect(statistics.variance.dataSync()[0]).toBeCloseTo(s / 7, 4)
    expect(
      [...statistics.mean.dataSync(), ...statistics.variance.dataSync()].filter((_, i) => i % 2),
    ).toEqual([0.5, 4])
  }))

test('U2 all tuned, with all else, is full fine-tuning bit for bit', async () => {
  const final = async (strategy: { name: string; [option: string]: unknown }) => {
    const spec = tinySpec(strategy, { train: { batchNorm: 'train' } })
    const session = await TrainingSession.open(spec, environment(), { model, images: tinyImages(spec) })
    while (await session.step());
    const values = valuesOf(session.bank)
    await session.dispose()
    return values
  }
  const plain = await final({ name: 'full' })
  expect(differences(plain, await final({ name: 'adafilter', gates: 'all-tuned', others: 'tuned' }))).toEqual(
    [],
  )
  expect(differences(plain, await final({ name: 'adafilter', gates: 'all-frozen' })).length).toBeGreaterThan(
    10,
  )
})

test('says that it is a reconstruction, and how filters were used', async () => {
  expect(meta.title).toMatch(/reconstruction/)
  expect(meta.summary).toMatch(/reconstructed/)
  const { sink } = await runMember({ strategy: adafilter as never, options: small })
  expect(sink.of('log').some(({ message }) => /reconstruction/.test(message))).toBe(true)
  const pictures = sink.of('picture').map(({ data }) => data as AdaFilterPicture)
  expect(pictures.every(({ reconstruction }) => reconstruction)).toBe(true)
  const { layers, filters, routed, normDistance, stateNorm } = pictures.findLast((told) => told.filters)!
  expect(layers.map(({ layer }) => layer)).toEqual(['a.conv', 'b.dw.conv', 'b.pw.conv', 'c.conv'])
  filters!.forEach((ranks, i) => {
    expect(ranks).toHaveLength(layers[i]!.filters)
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
  })
  expect(routed!.byClass.map((row) => row.class)).toEqual(['dots', 'rows', 'columns'])
  expect([normDistance.length, stateNorm!.length]).toEqual([4, 4])
  // a view shows the last picture alone: it has what the end of the run and the last evaluation told
  expect(pictures.at(-1)!.ablations).toHaveLength(5)
  expect(pictures.at(-1)!.filters).toEqual(filters)
})

describe('option e: which convolutions are gated', () => {
  const gatedIn = (options: object) =>
    structureOf(model.graph, schema.parse(options)).sites.map(({ conv }) => conv)
  const inner = ['1.0', '1.1', '2.0', '2.1'].flatMap((at) => [`layer${at}.conv1`, `layer${at}.conv2`])
  test('all but stem and shortcuts by default', () => expect(gatedIn({})).toEqual(inner))
  test('stem and shortcuts where asked', () =>
    expect(gatedIn({ stem: true, shortcuts: true }).sort()).toEqual(
      ['conv1', 'layer2.0.downsample.0', ...inner].sort(),
    ))
  test('none left is refused with what to set', async () => {
    const graph = structureOf(model.graph, schema.parse({})).graph
    const pointwise = { ...graph, nodes: model.graph.nodes.filter(({ op }) => op.kind !== 'conv2d') }
    expect(() => structureOf(pointwise, schema.parse({}))).toThrow(/has none; use l2-sp/)
    const spec = tinySpec({ name: 'adafilter' })
    await expect(
      TrainingSession.open(spec, environment(), {
        model: { ...model, values: new Map() },
        images: tinyImages(spec),
      }),
    ).rejects.toThrow(/no pre-trained weights/)
  })
})

test('the cost counts both banks and the gates', () => {
  const spec = tinySpec({ name: 'adafilter' })
  const context = { spec, graph: model.graph } as never
  const { trainMultiplyAdds, inferMultiplyAdds } = adafilter.cost!(context, schema.parse({}))
  const plain = layerCosts(model.graph).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
  expect(inferMultiplyAdds).toBeGreaterThan(1.8 * plain)
  expect(trainMultiplyAdds).toBeGreaterThan(inferMultiplyAdds)
})

test.each(realNetworks)('takes steps on %s', async (name) => {
  const { session } = await openReal(
    name,
    { name: 'adafilter', width: 16, hidden: 16, compare: false },
    { train: { steps: 1 } },
  )
  const report = await session.step()
  expect(report!.loss).toBeGreaterThan(0)
  expect((await session.evaluate('val')).metrics).toBeDefined()
  await session.dispose()
})
