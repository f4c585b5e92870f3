import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type * as Files from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { ResolvedSpec } from '../../../src/spec/schema'
import { openBackend, tf } from '../../../src/engine/backend'
import { strategies } from '../../../src/engine/strategies/registry'
import type { Strategy } from '../../../src/engine/strategies/types'
import { trainRun } from '../../../src/engine/train'
import { openImages } from '../../../src/engine/train/images'
import { unpackTensors } from '../../../src/engine/train/checkpoint'
import { classFolders, writeFolder } from '../data/folder'
import { Collected, environment, tinyModel, tinySpec } from './fixture'

/** Files that were opened or read, and how many convolutions ran. */
const seen = vi.hoisted(() => ({ files: [] as string[] }))

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Files>()
  return {
    ...fs,
    open: (...args: Parameters<typeof fs.open>) => (seen.files.push(String(args[0])), fs.open(...args)),
    readFile: (...args: Parameters<typeof fs.readFile>) => (
      seen.files.push(String(args[0])),
      fs.readFile(...args)
    ),
  }
})

class WithArtifacts extends Collected {
  readonly artifacts = new Map<string, Uint8Array>()
  artifact(name: string, content: Uint8Array): void {
    this.artifacts.set(name, content)
  }
}

function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'thaw-runs-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function place() {
  const base = temporary()
  const images = writeFolder(await classFolders({ a: 10, b: 10 }), join(base, 'images'))
  return { base, images, cache: join(base, 'cache') }
}

let convolutions = 0
beforeEach(async () => {
  await openBackend('cpu')
  const own = tf.getKernel('ThawConv2d', 'cpu')!
  tf.unregisterKernel('ThawConv2d', 'cpu')
  tf.registerKernel({ ...own, kernelFunc: (call) => (convolutions++, own.kernelFunc(call)) })
  return () => {
    tf.unregisterKernel('ThawConv2d', 'cpu')
    tf.registerKernel(own)
  }
})

/** One run: its weights, what it told of the cache, which images it read and how many convolutions it ran. */
async function run(
  spec: ResolvedSpec,
  { base, images, cache }: { base: string; images: string; cache: string },
  model = tinyModel(),
  strategy?: Strategy,
) {
  seen.files.length = 0
  convolutions = 0
  const sink = new WithArtifacts()
  const source = await openImages(spec, { base, media: '', cache })
  const outcome = await trainRun(spec, environment(sink, { base, cache }), {
    model,
    images: source,
    strategy,
  })
  expect(outcome.message).toBeUndefined()
  const weights = sink.checkpoints.at(-1)!.files
  const name = [...weights.keys()].find((file) => file.endsWith('.safetensors'))!
  const values = await unpackTensors(weights.get(name)!, name)
  return {
    cache: sink.of('cache').at(-1),
    read: seen.files.filter((file) => file.startsWith(images)).length,
    convolutions,
    hint: sink.of('step').map(({ parts }) => parts['hint']!),
    pictures: [...sink.artifacts.keys()].filter((file) => file.endsWith('.jpg')).length,
    values: new Map([...values].map(([key, { data }]) => [key, data.join()])),
  }
}

const data = { source: 'images', transforms: 'none', split: { val: 0.2, test: 0.2, seed: 1 } }
const probe = (more: object = {}) =>
  tinySpec({ name: 'linear-probe', ...more }, { data, train: { steps: 12 } })

test.each([
  ['solved at once', probe()],
  ['solved with mirror images', probe({ mirror: true })],
  ['trained by steps', probe({ solver: 'sgd' })],
])('a second probe reads no image and runs no layer of the prefix: %s', async (_, spec) => {
  const where = await place()
  const first = await run(spec, where)
  expect(first.read).toBeGreaterThan(0)
  expect(first.convolutions).toBeGreaterThan(0)
  expect(first.cache!.computed).toBeGreaterThan(0)
  const second = await run(spec, where)
  expect(second.read).toBe(0)
  expect(second.convolutions).toBe(0)
  expect(second.cache).toMatchObject({ computed: 0 })
  expect(second.cache!.disk).toBeGreaterThan(0)
  expect(second.pictures).toBe(first.pictures)
  expect(second.values).toEqual(first.values)
})

test.each([
  ['last-k', {}, {}],
  ['last-k with fixed views', {}, { views: 2, transforms: { flip: true, rotate: 10 } }],
  ['gradual', { every: 4 }, {}],
])('a second run computes nothing of the frozen prefix again: %s', async (name, options, more) => {
  const where = await place()
  const spec = tinySpec(
    { name: name.split(' ')[0]!, ...options },
    { data: { ...data, ...more }, train: { steps: 12 } },
  )
  const first = await run(spec, where)
  const second = await run(spec, where)
  expect(first.cache!.computed).toBeGreaterThan(0)
  expect(second.cache).toMatchObject({ computed: 0 })
  expect(second.convolutions).toBeLessThan(first.convolutions)
  expect(second.values).toEqual(first.values)
})

test('what changes the features is computed again, and nothing else', async () => {
  const where = await place()
  const spec = probe({ mirror: false })
  const { computed: all } = (await run(spec, where)).cache!
  // the same bytes under another name in the same class and order
  renameSync(join(where.images, 'a/9.png'), join(where.images, 'a/99.png'))
  expect((await run(spec, where)).cache).toMatchObject({ computed: 0 })
  const images = await classFolders({ a: 1 }, '', 77)
  writeFileSync(join(where.images, 'a/99.png'), Object.values(images)[0]!)
  const { computed } = (await run(spec, where)).cache!
  expect(computed).toBeGreaterThan(0)
  expect(computed).toBeLessThan(all)
  const other = await run(spec, where, tinyModel(8))
  expect(other.cache).toMatchObject({ memory: 0, disk: 0, computed: all })
  const black = tinySpec({ name: 'linear-probe', mirror: false }, { data: { ...data, background: 'black' } })
  expect((await run(black, where)).cache).toMatchObject({ disk: 0 })
})

test('fresh transforms are never kept', async () => {
  const where = await place()
  const spec = tinySpec('last-k', {
    data: { ...data, split: { val: 0, test: 0 }, transforms: { flip: true } },
    train: { steps: 12, evaluateEvery: undefined },
  })
  expect((await run(spec, where)).cache).toBeUndefined()
})

/** Full fine-tuning that stays near the pre-trained network's own features. */
function hinted(): Strategy {
  const full = strategies.get('full')!
  return {
    ...full,
    teacher: () => 'self',
    plan: (context, options) =>
      full.plan(context, options).map((phase) => ({
        ...phase,
        hooks: ['a.relu', 'c.add'],
        teacherHooks: ['a.relu', 'c.add'],
        terms: [
          {
            name: 'hint',
            value: ({ hooks, teacherHooks }) =>
              tf.add(
                tf.mean(tf.squaredDifference(hooks.get('a.relu')!, teacherHooks!.get('a.relu')!)),
                tf.mean(tf.squaredDifference(hooks.get('c.add')!, teacherHooks!.get('c.add')!)),
              ),
          },
        ],
      })),
  }
}

test("a teacher's features are computed once for each image, and for fresh transforms at every step", async () => {
  const where = await place()
  const spec = tinySpec('full', { data, train: { steps: 8 } })
  const first = await run(spec, where, tinyModel(), hinted())
  const second = await run(spec, where, tinyModel(), hinted())
  expect(first.hint[0]).toBe(0)
  expect(first.hint.at(-1)).toBeGreaterThan(0)
  expect(second.hint).toEqual(first.hint)
  expect(second.values).toEqual(first.values)
  expect(first.cache!.computed).toBeGreaterThan(0)
  expect(second.cache).toMatchObject({ computed: 0 })
  expect(second.convolutions).toBeLessThan(first.convolutions)
  const fresh = tinySpec('full', { data: { ...data, transforms: { flip: true } }, train: { steps: 8 } })
  const third = await run(fresh, where, tinyModel(), hinted())
  expect(third.cache).toBeUndefined()
  expect(third.hint.at(-1)).toBeGreaterThan(0)
})
