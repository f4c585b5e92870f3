import type { RunEventBody } from '../events/types'
import type { ResolvedSpec } from '../spec/schema'
import { anyStrategySchema, createRunFileSchema } from '../spec/schema'
import { BatchPlanner } from '../engine/data/planner'
import { createTransforms } from '../engine/data/transforms'
import type { BatchStream, ImageBatch, Item, Split } from '../engine/data/types'
import { GraphBuilder, assignStages, initialise } from '../engine/network'
import type { LoadedModel, NetworkGraph, PlainValue } from '../engine/network/types'
import { RandomStream } from '../engine/random'
import type { ImageSource } from '../engine/train/images'
import type { Parts } from '../engine/train/setup'
import type { PendingCommand, RunEnvironment, RunSink } from '../engine/train/types'

export const SIDE = 8
const CLASSES = ['dots', 'rows', 'columns']

/**
 * What a strategy is tried on without any file: a tiny network, images made up on the fly, a sink that keeps all that a
 * run tells. Thaw's own tests and `thaw check strategy` share it.
 */

/** Stem and three stages with batch norm and a depthwise layer: small enough for the cpu back end, 500 weights. */
export function tinyGraph(): NetworkGraph {
  const b = new GraphBuilder('tiny', [SIDE, SIDE, 3])
  let x = b.normalize('normalize', 'input', [127.5, 127.5, 127.5], [127.5, 127.5, 127.5])
  const norm = (name: string, input: string) =>
    b.activation(`${name}.relu`, b.batchNorm(`${name}.bn`, input, { epsilon: 1e-5, momentum: 0.1 }), 'relu')
  x = norm('stem', b.conv('stem.conv', x, 4, { kernel: 3, padding: 'same' }))
  x = norm('a', b.conv('a.conv', x, 6, { kernel: 3, stride: 2, padding: 'same' }))
  x = norm('b.dw', b.depthwise('b.dw.conv', x, { kernel: 3, stride: 2, padding: 'same' }))
  x = norm('b.pw', b.conv('b.pw.conv', x, 8, { kernel: 1 }))
  const y = norm('c', b.conv('c.conv', x, 8, { kernel: 3, padding: 'same' }))
  x = b.plain('c.add', { kind: 'add' }, [x, y])
  return assignStages(b.build(x))
}

/** A "pre-trained" tiny network: random kernels, running statistics that are not the defaults. */
export function tinyModel(seed = 7): LoadedModel {
  const graph = tinyGraph()
  const random = new RandomStream(seed, 'tiny')
  const values = new Map<string, PlainValue>()
  for (const [name, value] of initialise(graph, random)) {
    const role = graph.parameters.get(name)!.role
    const data = value.data.map((v) =>
      role === 'mean'
        ? 0.2 * random.normal()
        : role === 'variance' || role === 'gamma'
          ? random.range(0.5, 1.5)
          : v,
    )
    values.set(name, { shape: value.shape, data })
  }
  return { graph, values, source: 'test:tiny' }
}

function draw(label: number, random: RandomStream): Float32Array {
  const image = new Float32Array(SIDE * SIDE * 3)
  const phase = random.integer(2)
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const on = label === 0 ? (x + y + phase) % 2 : label === 1 ? (y + phase) % 2 : (x + phase) % 2
      for (let c = 0; c < 3; c++)
        image[(y * SIDE + x) * 3 + c] = Math.min(255, Math.max(0, 60 + 130 * on + 40 * random.normal()))
    }
  return image
}

/** Three classes of patterns in noise, made up on the fly; flips are the one transform that it knows. */
export function tinyImages(spec: ResolvedSpec, counts = { train: 8, val: 4, test: 4 }): ImageSource {
  const random = new RandomStream(3, 'images')
  const items: Item[] = []
  const pixels: Float32Array[] = []
  for (const split of ['train', 'val', 'test'] as Split[])
    CLASSES.forEach((name, label) => {
      for (let i = 0; i < counts[split]; i++) {
        items.push({ path: `${split}/${name}/${i}.png`, label, split })
        pixels.push(draw(label, random))
      }
    })
  const total = (split: Split) => items.filter((item) => item.split === split).length
  const dataset = {
    source: 'test:patterns',
    root: '',
    classes: CLASSES,
    items,
    counts: { train: total('train'), val: total('val'), test: total('test') },
    background: [255, 255, 255] as const,
    findings: [],
  }
  const batch = (plan: { item: number; view: number; flip: boolean }[], mirrored = false): ImageBatch => {
    const images = new Float32Array(plan.length * SIDE * SIDE * 3)
    plan.forEach(({ item, flip }, i) =>
      images.set(flip ? mirror(pixels[item]!) : pixels[item]!, i * SIDE * SIDE * 3),
    )
    return {
      images,
      shape: [plan.length, SIDE, SIDE, 3],
      labels: Int32Array.from(plan, ({ item }) => items[item]!.label),
      items: Int32Array.from(plan, ({ item }) => item),
      views: Int32Array.from(plan, ({ view }) => view),
      ...(mirrored && { mirrored }),
    }
  }
  return {
    dataset,
    stream: (_size, order) => stream(order),
    async *evaluation(split, _size, batchSize, withMirror, only) {
      const chosen = items.flatMap((item, i) => (item.split === split && (only?.has(i) ?? true) ? [i] : []))
      for (let at = 0; at < chosen.length; at += batchSize) {
        const part = chosen.slice(at, at + batchSize)
        yield batch(part.map((item) => ({ item, view: -1, flip: false })))
        if (withMirror)
          yield batch(
            part.map((item) => ({ item, view: -1, flip: true })),
            true,
          )
      }
    },
  }

  function stream(order?: ArrayLike<number>): BatchStream {
    const { batchSize, seed } = spec.train
    const { views, shuffle } = spec.data
    const transforms = createTransforms(spec.data.transforms)
    const planner = new BatchPlanner(dataset, { batchSize, transforms, views, shuffle, seed, order })
    return {
      next: () =>
        Promise.resolve(
          batch(planner.next().map(({ item, view, draw: d }) => ({ item, view, flip: d?.flip ?? false }))),
        ),
      state: () => planner.state(),
      restore: (state) => planner.restore(state),
      close: () => Promise.resolve(),
    }
  }
}

function mirror(image: Float32Array): Float32Array {
  const result = new Float32Array(image.length)
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      for (let c = 0; c < 3; c++) result[(y * SIDE + x) * 3 + c] = image[(y * SIDE + SIDE - 1 - x) * 3 + c]!
  return result
}

const schema = createRunFileSchema(anyStrategySchema)

/** A run file for the tiny network: 6 steps of 6 images on the cpu back end unless told otherwise. */
export function tinySpec(
  strategy: string | { name: string; [option: string]: unknown },
  file: Record<string, unknown> = {},
): ResolvedSpec {
  const { train, ...rest } = file
  return schema.parse({
    data: { transforms: 'none' },
    backend: 'cpu',
    ...rest,
    strategy: typeof strategy === 'string' ? { name: strategy } : strategy,
    train: { steps: 6, batchSize: 6, ...(train as object) },
  })
}

export function tinyParts(
  spec: ResolvedSpec,
  counts?: { train: number; val: number; test: number },
): Parts & { images: ImageSource } {
  return { model: tinyModel(), images: tinyImages(spec, counts) }
}

/** Keeps all that a run tells. */
export class Collected implements RunSink {
  readonly events: RunEventBody[] = []
  readonly rows: Float32Array[] = []
  readonly checkpoints: { step: number; files: ReadonlyMap<string, Uint8Array>; why: string }[] = []

  emit(event: RunEventBody): void {
    this.events.push(event)
  }

  layerRow(values: Float32Array): number {
    return this.rows.push(values.slice()) - 1
  }

  saveCheckpoint(step: number, files: ReadonlyMap<string, Uint8Array>, why: string) {
    this.checkpoints.push({ step, files, why })
    const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0)
    return Promise.resolve({ folder: `checkpoints/${step}`, bytes })
  }

  of<K extends RunEventBody['kind']>(kind: K): Extract<RunEventBody, { kind: K }>[] {
    return this.events.filter((event): event is Extract<RunEventBody, { kind: K }> => event.kind === kind)
  }
}

export function environment(
  sink: RunSink = new Collected(),
  more: Partial<RunEnvironment> = {},
): RunEnvironment {
  return { runId: 'test', base: '.', sink, ...more }
}

/** Hands commands over when the run has told a step. */
export function commandsAt(
  sink: Collected,
  plan: { after: number; command: PendingCommand['command'] }[],
): () => PendingCommand[] {
  const left = [...plan]
  return () => {
    const steps = sink.of('step').length
    const due = left.filter(({ after }) => after <= steps)
    left.splice(0, left.length, ...left.filter(({ after }) => after > steps))
    return due.map(({ command }) => ({ command, source: 'test' }))
  }
}
