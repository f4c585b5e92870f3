import { createRunFolder, EventWriter, LayerWriter, takeAttempt } from '../../src/events'
import { LAYER_MEASURES, type LayerInfo } from '../../src/events/types'

/** A finished run of so many layers, each measured at every one of so many steps. */
export function writeRun(root: string, count: number, steps: number): string {
  const stages = 10
  const layers = Array.from({ length: count }, (_, i): LayerInfo => {
    const stage = `stage${1 + Math.floor((i * stages) / count)}`
    const block = `${stage}.${Math.floor(i / 5) % 10}`
    return {
      name: `${block}.conv${i}`,
      stage,
      block,
      kind: 'conv2d',
      parameters: 9,
      names: [],
      batchNorm: true,
    }
  })
  const run = createRunFolder(root, 'large')
  const attempt = takeAttempt(run.path)
  const events = new EventWriter(run.events, { attempt: attempt.number })
  const rows = new LayerWriter(run.layers)
  const declared = layers.map((_, i) => ({ training: i * 2 > count }))
  events.append({
    ...{ kind: 'run-started', runId: 'large', name: 'large', seed: 1, steps, from: 0, layers },
    strategy: { name: 'full', title: 'Full fine-tuning', type: 'baseline', options: {} },
    backend: { name: 'wasm', version: '', threads: 1, device: 'CPU' },
    process: { pid: process.pid, node: '', execPath: '', host: '' },
    model: { source: '', architecture: '', hash: '', parameters: count * 9 },
    data: { source: '', classes: ['a', 'b'], counts: { train: 1, val: 1, test: 1 } },
    phases: [{ index: 0, name: 'fine-tune', from: 0, to: steps, declared }],
  })
  const row = new Float32Array(count * LAYER_MEASURES.length)
  for (let step = 1; step <= steps; step++) {
    for (let i = 0; i < count; i++) {
      const update = i * 2 > count ? 1e-3 * (1 + Math.sin(i * 12.9 + step * 78.2)) : 0
      row.set([update * 10, update, update * step, 0, update], i * LAYER_MEASURES.length)
    }
    events.append({
      ...{ kind: 'step', step, phase: 0, loss: 1 / step, parts: { 'cross-entropy': 1 / step } },
      rate: { backbone: 1e-3 },
      ms: { data: 1, compute: 1, update: 1, record: 1 },
    })
    events.append({ kind: 'layers', step, row: rows.append(row), rows: 1, every: 1 })
  }
  events.close()
  rows.close()
  return run.path
}
