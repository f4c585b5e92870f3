import pc from 'picocolors'
import { emptyView, foldEvents, type RunEvent, type RunEventBody, type RunView } from '../../../src/events'
import type { Terminal } from '../../../src/cli/terminal'

/** A terminal that collects. */
export function fakeTerminal(cwd = '/nowhere'): Terminal & { out: string[]; err: string[] } {
  const out: string[] = []
  const err: string[] = []
  return {
    out,
    err,
    print: (text) => void out.push(text),
    warn: (text) => void err.push(text),
    interactive: false,
    columns: 100,
    colours: pc.createColors(false),
    cwd,
  }
}

export const metrics = {
  count: 20,
  loss: 0.5,
  accuracy: 0.75,
  balancedAccuracy: 0.7,
  low: 0.6,
  high: 0.8,
  macroF1: 0.69,
  logLoss: 0.5,
  ece: 0.1,
}

const ms = { data: 10, compute: 900, update: 80, record: 10 }

const bodies: RunEventBody[] = [
  { kind: 'state', state: 'preparing' },
  {
    kind: 'run-started',
    runId: 'r1',
    name: 'full',
    strategy: { name: 'full', title: 'Full fine-tuning', type: 'baseline', options: {} },
    seed: 1,
    backend: { name: 'wasm', version: '4.22.0', threads: 1, device: 'WebAssembly SIMD, 1 thread' },
    process: { pid: 1, node: 'v20', execPath: 'node', host: 'h' },
    model: { source: 'thaw:net', architecture: 'net', hash: '00', parameters: 1_500_000 },
    data: { source: 'photos', classes: ['cat', 'dog'], counts: { train: 40, val: 0, test: 20 } },
    steps: 10,
    phases: [
      {
        index: 0,
        name: 'all',
        from: 0,
        to: 10,
        declared: [{ training: false }, { training: true }, { training: true }],
      },
    ],
    layers: [
      {
        name: 'conv1',
        stage: 'stem',
        block: '',
        kind: 'conv2d',
        parameters: 100,
        names: ['a'],
        batchNorm: false,
      },
      {
        name: 'conv2',
        stage: 'stem',
        block: '',
        kind: 'conv2d',
        parameters: 200,
        names: ['b'],
        batchNorm: false,
      },
      { name: 'fc', stage: 'head', block: '', kind: 'dense', parameters: 20, names: ['c'], batchNorm: false },
    ],
    from: 0,
  },
  { kind: 'state', state: 'running' },
  ...[1, 2, 3, 4].map((step) => ({
    kind: 'step' as const,
    step,
    phase: 0,
    loss: 2 / step,
    parts: { 'cross-entropy': 2 / step },
    rate: { backbone: 0.001 },
    ms,
  })),
  {
    kind: 'alarm',
    step: 4,
    code: 'frozen-moved',
    layer: 'conv1',
    message: 'conv1 is declared frozen and moved',
  },
  {
    kind: 'eval',
    step: 4,
    split: 'test',
    metrics,
    confusion: [
      [7, 3],
      [3, 7],
    ],
  },
  {
    kind: 'run-ended',
    state: 'finished',
    step: 4,
    metrics,
    split: 'test',
    seconds: 12.3,
    moved: 0.5,
    distance: 0.01,
  },
]

/** A run's view after its first so many events; the whole run without a number. */
export function viewAfter(count = bodies.length): RunView {
  const events = bodies
    .slice(0, count)
    .map((body, seq) => ({ ...body, v: 1, seq, t: 1000 + seq, attempt: 1 }) as RunEvent)
  return foldEvents(emptyView(), events)
}

export const eventCount = bodies.length
