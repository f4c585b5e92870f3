import { expect, test } from 'vitest'
import type {
  NetworkTable,
  PredictionTable,
  ThumbnailTable,
  WeightTable,
} from '../../../src/events/artifacts'
import { predictionTable } from '../../../src/engine/evaluate'
import { trainRun } from '../../../src/engine/train'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

/** A sink that keeps files too. */
class WithFiles extends Collected {
  readonly files = new Map<string, Uint8Array>()

  artifact(name: string, content: Uint8Array): void {
    this.files.set(name, content)
  }

  json<T>(name: string): T {
    return JSON.parse(new TextDecoder().decode(this.files.get(name))) as T
  }
}

test('a run leaves predictions, pictures and weight histograms for views', async () => {
  const sink = new WithFiles()
  const spec = tinySpec('full', { train: { steps: 3 } })
  const parts = tinyParts(spec)
  await trainRun(spec, environment(sink), parts)
  const table = sink.json<PredictionTable>('predictions-test.json')
  const tests = parts.images.dataset.items.filter(({ split }) => split === 'test')
  expect(table.paths).toEqual(tests.map(({ path }) => path))
  expect(table.labels).toEqual(tests.map(({ label }) => label))
  const { metrics } = sink.of('eval').findLast(({ split }) => split === 'test')!
  const correct = table.predicted.filter((c, i) => c === table.labels[i]).length
  expect(correct / table.total).toBeCloseTo(metrics.accuracy, 12)
  const { numbers } = sink.json<ThumbnailTable>('thumbnails-test.json')
  expect(Object.keys(numbers).sort()).toEqual(tests.map(({ path }) => path).sort())
  for (const number of Object.values(numbers))
    expect([...sink.files.get(`thumbnails-test/${number}.jpg`)!.subarray(0, 2)]).toEqual([0xff, 0xd8])
  const weights = sink.json<WeightTable>('weights.json')
  const [conv, norm] = ['stem.conv', 'stem.bn'].map((name) =>
    weights.layers.find((one) => one.name === name)!,
  )
  const size = (counts: number[]) => counts.reduce((a, b) => a + b, 0)
  expect([size(conv!.w0), size(conv!.now)]).toEqual([conv!.count, conv!.count])
  expect(conv!.equal).toBeLessThan(conv!.count)
  // running statistics do not move in fine-tuning's default mode
  expect(norm!.drift).toEqual([0, 0, 0, 0])
  expect(sink.of('artifact').map(({ name }) => name)).toContain('predictions-test.json')
  const { layers } = sink.json<NetworkTable>('network.json')
  layers.forEach(({ inputs }, i) => inputs.forEach((input) => expect(input).toBeLessThan(i)))
  const joined = sink.of('run-started')[0]!.layers
  expect(joined.filter(({ name }) => !layers.some((layer) => layer.name === name))).toEqual([])
  // each layer but the last is read by one, or it would not be there
  const read = new Set(layers.flatMap(({ inputs }) => inputs))
  expect([...layers.keys()].filter((i) => !read.has(i))).toEqual([layers.length - 1])
  expect(layers.at(-1)).toMatchObject({
    stage: 'head',
    kind: 'dense',
    shape: [parts.images.dataset.classes.length],
  })
})

test('a full disk for them is a warning, and the run goes on', async () => {
  const sink = new WithFiles()
  sink.artifact = () => {
    throw new Error('no space left')
  }
  const spec = tinySpec('linear-probe', { train: { steps: 1 } })
  const { state } = await trainRun(spec, environment(sink), tinyParts(spec))
  expect(state).toBe('finished')
  expect(sink.of('log').filter(({ level }) => level === 'warning').length).toBeGreaterThan(0)
})

test('more images than a table takes: the ones with the least probable truth', () => {
  const count = 20_010
  const logits = Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? (i / 2) * 1e-4 : 0))
  const table = predictionTable(
    { logits, labels: new Int32Array(count), classes: 2 },
    { step: 1, split: 'test', classes: ['a', 'b'], path: (i) => `${i}.png` },
  )
  expect(table.total).toBe(count)
  expect(table.paths).toHaveLength(20_000)
  expect(table.paths[0]).toBe('0.png')
  expect(table.paths).not.toContain(`${count - 1}.png`)
})
