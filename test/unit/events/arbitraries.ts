import fc from 'fast-check'
import { LAYER_MEASURES, type LayerInfo, type RunEvent, type RunEventBody } from '../../../src/events'

export const number = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 0.25))
export const name = fc.oneof(
  fc.constantFrom('NaN', '__proto__', 'constructor', 'stage1', '\\Infinity', 'Über 𝛼'),
  fc.string(),
)
const step = fc.nat(60)

export function layerTable(count: number): LayerInfo[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `layer${i}`,
    stage: 'stage1',
    block: '',
    kind: 'conv2d',
    parameters: 9,
    names: [`layer${i}.weight`],
    batchNorm: false,
  }))
}

export function startedBody(from: number, layers = 2): Extract<RunEventBody, { kind: 'run-started' }> {
  return {
    kind: 'run-started',
    runId: 'r',
    name: 'a run',
    strategy: { name: 'full', title: 'Full', type: 'baseline', options: {} },
    seed: 1,
    backend: { name: 'cpu', version: '1', threads: 1, device: 'cpu' },
    process: { pid: 1, node: '20', execPath: 'node', host: 'h' },
    model: { source: 'none', architecture: 'small_cnn', hash: '0', parameters: 18 },
    data: { source: 'x', classes: ['NaN', 'b'], counts: { train: 1, val: 0, test: 1 } },
    steps: 60,
    phases: [],
    layers: layerTable(layers),
    from,
  }
}

export function stepBody(step: number, loss = 1 / step): RunEventBody {
  const ms = { data: 1, compute: 2, update: 3, record: 0.01 }
  return { kind: 'step', step, phase: 0, loss, parts: { 'cross-entropy': loss }, rate: { head: 0.1 }, ms }
}

const metrics = fc.record({
  count: fc.nat(100),
  loss: number,
  accuracy: number,
  balancedAccuracy: number,
  low: number,
  high: number,
  macroF1: number,
  logLoss: number,
  ece: number,
})

const phase = fc.record({
  index: fc.nat(3),
  name,
  from: step,
  to: step,
  declared: fc.array(fc.record({ training: fc.boolean() }), { maxLength: 2 }),
})

/** Any event that a writer could be given. */
export const body: fc.Arbitrary<RunEventBody> = fc.oneof(
  step.map((from) => startedBody(from)),
  fc.record({ kind: fc.constant('phase' as const), phase, step }),
  fc.record({
    kind: fc.constant('step' as const),
    step,
    phase: fc.nat(3),
    loss: number,
    parts: fc.dictionary(name, number, { maxKeys: 3 }),
    rate: fc.dictionary(name, number, { maxKeys: 3 }),
    accuracy: number,
    ms: fc.record({ data: number, compute: number, update: number, record: number }),
  }),
  fc.record({
    kind: fc.constant('layers' as const),
    step,
    row: fc.nat(40),
    rows: fc.nat(5),
    every: fc.nat(4),
  }),
  fc.record({
    kind: fc.constant('eval' as const),
    step,
    split: fc.constantFrom('train' as const, 'val' as const),
    metrics,
  }),
  fc.record({ kind: fc.constant('picture' as const), step, name, data: fc.jsonValue() }),
  fc.record({ kind: fc.constant('alarm' as const), step, code: name, layer: name, message: name }),
  fc.record({
    kind: fc.constant('control' as const),
    step,
    action: fc.constant({ do: 'pause' }),
    source: name,
  }),
  fc.record({ kind: fc.constant('checkpoint' as const), step, folder: name, bytes: fc.nat(), why: name }),
  fc.record({
    kind: fc.constant('state' as const),
    state: fc.constantFrom('running' as const, 'paused' as const),
  }),
  fc.record({ kind: fc.constant('progress' as const), what: name, done: number, total: number }),
  fc.record({ kind: fc.constant('log' as const), level: fc.constant('info' as const), message: name }),
  fc.record({
    kind: fc.constant('run-ended' as const),
    state: fc.constantFrom('finished' as const, 'failed' as const),
    step,
    seconds: number,
    moved: number,
    distance: number,
  }),
)

/** Logs of several attempts, as their writers would number them; an older attempt may still write in between. */
export const log: fc.Arbitrary<RunEvent[]> = fc
  .array(fc.tuple(body, fc.nat(3)), { maxLength: 60 })
  .map((items) => {
    const seq = new Map<number, number>()
    let highest = 1
    return items.map(([event, jump]) => {
      if (event.kind === 'run-started') highest += jump
      const attempt = jump === 3 ? Math.max(1, highest - 1) : highest
      const next = seq.get(attempt) ?? 0
      seq.set(attempt, next + 1)
      return { v: 1, seq: next, t: 1000 + next, attempt, ...event } as RunEvent
    })
  })

/** A run without interruption: `steps` steps, a row of layer measures every `every`, a checkpoint every 10. */
export function* soundRun(
  attempt: number,
  from: number,
  to: number,
  every: number,
  row: number,
): Generator<RunEvent> {
  let seq = 0
  const event = (body: RunEventBody) => ({ v: 1, seq: seq++, t: 1000, attempt, ...body }) as RunEvent
  yield event(startedBody(from))
  for (let step = from + 1; step <= to; step++) {
    yield event(stepBody(step))
    if (step % every === 0) yield event({ kind: 'layers', step, row: row++, rows: 1, every })
    if (step % 10 === 0)
      yield event({ kind: 'checkpoint', step, folder: `checkpoints/${step}`, bytes: 1, why: 'every' })
  }
}

export const measures = LAYER_MEASURES.length
