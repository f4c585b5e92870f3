import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { evaluateRun, openTrained, predict, preflight, trainRun } from '../../../src/engine/train'
import { openDataset } from '../../../src/engine/data'
import { writeSafetensors } from '../../../src/engine/formats'
import { mediaFolder } from '../../../src/engine/media'
import type { Problem } from '../../../src/spec/types'
import { Collected, environment, tinySpec } from './fixture'

let base = ''
const CLASSES = ['red', 'blue']

async function square(path: string, colour: string): Promise<void> {
  const image = sharp({ create: { width: 20, height: 20, channels: 3, background: colour } })
  await writeFile(path, await image.png().toBuffer())
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'thaw-preflight-'))
  for (const name of CLASSES)
    for (const split of ['train', 'test']) {
      await mkdir(join(base, 'images', split, name), { recursive: true })
      for (let i = 0; i < 6; i++) {
        const shade = 130 + 20 * i + (split === 'test' ? 7 : 0)
        await square(
          join(base, 'images', split, name, `${i}.png`),
          name === 'red' ? `rgb(${shade},20,${i})` : `rgb(20,${i},${shade})`,
        )
      }
    }
})
afterAll(() => rm(base, { recursive: true, force: true }))

const spec = (
  file: Record<string, unknown> = {},
  strategy: string | { name: string; [key: string]: unknown } = 'scratch',
) =>
  tinySpec(strategy, {
    model: { source: 'none', architecture: 'small_cnn', inputSize: 16, ...(file.model as object) },
    data: { source: 'images', transforms: 'none', ...(file.data as object) },
    ...(file.freeze ? { freeze: file.freeze } : {}),
    backend: 'wasm',
    train: { steps: 8, batchSize: 4, optimizer: { rate: 0.003 }, ...(file.train as object) },
  })

const told = ({ problems }: { problems: Problem[] }) =>
  problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message, hint }) => `${path}: ${message}; ${hint ?? ''}`)

describe('preflight', () => {
  test('of a run file that is right gives an estimate from steps really taken', async () => {
    const { problems, estimate } = await preflight(spec(), { base })
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(estimate).toMatchObject({
      steps: 8,
      backend: 'wasm',
      classes: ['blue', 'red'],
      counts: { train: 12, val: 0, test: 12 },
    })
    expect(estimate!.stepSeconds).toBeGreaterThan(0)
    expect(estimate!.seconds).toBeGreaterThan(8 * estimate!.stepSeconds)
    expect(estimate!.bytes).toBeGreaterThan(1e6)
  })

  test('finds every pattern that matches nothing, with its path and a suggestion', async () => {
    const found = await preflight(
      spec({
        freeze: [{ train: ['head'], steps: 2 }, { train: ['conv44', 'head'] }],
        train: { actions: [{ at: 1, do: { freeze: ['stagee1'] } }] },
      }),
      { base },
    )
    expect(told(found)).toEqual([
      expect.stringMatching(/^freeze\[1\]\.train\[0\]: 'conv44' matches no layer.*did you mean 'conv4'/),
      expect.stringMatching(
        /^train\.actions\[0\]\.do\.freeze\[0\]: 'stagee1' matches no layer.*did you mean 'stage1'/,
      ),
    ])
    expect(found.estimate).toBeUndefined()
  })

  test.each([
    [
      'a cut that the network does not have',
      { model: { cut: 'stage99' } },
      /^model\.cut: .*'stage99'.*did you mean/,
    ],
    [
      'an architecture that does not exist',
      { model: { architecture: 'small_cn' } },
      /^model\.\w+: .*small_cn.*did you mean 'small_cnn'/,
    ],
    ['data that is not there', { data: { source: 'nowhere' } }, /^data\.source: /],
    ['one class', { data: { source: 'images/train/red' } }, /^data\.source: /],
    [
      'a batch that the back end cannot hold',
      { model: { inputSize: 512 }, train: { batchSize: 512 } },
      /^train\.batchSize: 512 images.*4 GB.*write \d+ or less/,
    ],
    [
      'a scaling of pixels for a network that has its own',
      { model: { pixels: '0..1' } },
      /^model\.pixels: none has the scaling of its architecture; leave model\.pixels out/,
    ],
    [
      'best weights without validation images',
      { train: { keep: 'best' } },
      /^train\.keep: .*data\.split\.val/,
    ],
  ])('tells of %s', async (_name, file, sentence) => {
    const found = await preflight(spec(file), { base })
    expect(told(found)[0]).toMatch(sentence)
  })

  test('tells of images that cannot be read', async () => {
    const broken = join(base, 'images', 'train', 'red', 'broken.png')
    await writeFile(broken, 'not an image')
    const found = await preflight(spec(), { base }, { dry: false })
    await rm(broken)
    expect(
      found.problems.some(({ path, message }) => path === 'data.source' && /broken\.png/.test(message)),
    ).toBe(true)
  })

  test('tells of weights that are not finite, by layer', async () => {
    const data = new Float32Array(3 * 3 * 3 * 32).fill(NaN)
    await writeFile(
      join(base, 'nan.safetensors'),
      writeSafetensors(new Map([['conv1.weight', { shape: [32, 3, 3, 3], data }]])),
    )
    const found = await preflight(
      spec({ train: { initialize: 'nan.safetensors' } }),
      { base },
      { audit: false },
    )
    expect(told(found)).toEqual([
      expect.stringMatching(/^train\.initialize: layer conv1 has weights that are not finite/),
    ])
  })

  test('tells of a start value that the network has no place for', async () => {
    await writeFile(
      join(base, 'odd.safetensors'),
      writeSafetensors(new Map([['conv9.weight', { shape: [1], data: new Float32Array(1) }]])),
    )
    const found = await preflight(
      spec({ train: { initialize: 'odd.safetensors' } }),
      { base },
      { audit: false },
    )
    expect(told(found)).toEqual([
      expect.stringMatching(/^train\.initialize: the network has no parameter or buffer "conv9\.weight"/),
    ])
  })
})

test('a run on a folder predicts and evaluates new images from its checkpoint', async () => {
  const file = spec({ train: { steps: 12, batchSize: 12 } })
  const sink = new Collected()
  const outcome = await trainRun(file, environment(sink, { base }))
  expect(outcome.message).toBeUndefined()
  const model = await openTrained(file, { base }, sink.checkpoints.at(-1)!.files)
  expect(model.classes).toEqual(['blue', 'red'])

  const again = await evaluateRun(model, file, 'images/test', { base })
  expect(again.metrics).toEqual(outcome.metrics)

  const dataset = await openDataset(
    { ...file.data, source: 'images/test', split: { val: 0, test: 0, seed: 0 } },
    { base, media: mediaFolder() },
  )
  const predictions = await predict(model, file, dataset)
  expect(predictions).toHaveLength(12)
  const right = predictions.filter(({ predicted, actual }) => predicted === actual).length
  expect(right / 12).toBeCloseTo(outcome.metrics!.accuracy, 10)
  for (const { probabilities } of predictions)
    expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6)

  await mkdir(join(base, 'other', 'green'), { recursive: true })
  await square(join(base, 'other', 'green', '0.png'), 'green')
  await expect(evaluateRun(model, file, 'other', { base })).rejects.toThrow(
    /class "green" that the network does not know/,
  )
})
