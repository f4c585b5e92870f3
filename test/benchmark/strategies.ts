import { tf } from '../../src/engine/backend'
import { strategies } from '../../src/engine/strategies/registry'
import { type TrainingSession } from '../../src/engine/train'
import { costOfRun } from '../../src/engine/train/cost'
import { openBench, silent } from './session'

/** One strategy on the packaged network, standing in the phase that is measured. */
interface Contender {
  name: string
  session: TrainingSession
  /** Multiply-adds of its step against full fine-tuning's, and predicted bytes. */
  predicted: number
  bytes: number
  times: number[]
}

/** Options that let the costliest phase begin at once, and leave out what is measured before it. */
const chosen: Record<string, Record<string, unknown>> = {
  delta: { attention: 'uniform' },
  fitnets: { training: 'joint' },
  'linear-probe': { solver: 'sgd' },
  gradual: { unfreeze: false },
  'lp-ft': { solver: 'sgd', probeSteps: 1 },
}

async function contend(name: string, backend: string, batch: number): Promise<Contender> {
  const optimizer = name === 'l2t-ww' ? { name: 'sgd', rate: 1e-3 } : { name: 'adamw', rate: 1e-4 }
  const session = await openBench(
    {
      strategy: { name, ...chosen[name] },
      model: { inputSize: 96 },
      // flips: nothing can be kept
      data: { transforms: { flip: true } },
      backend,
      train: {
        steps: 10_000,
        batchSize: batch,
        batchNorm: 'eval_affine',
        optimizer,
        measureEvery: 1_000_000,
      },
    },
    silent,
  )
  await session.advance()
  const { phases, full, bytes } = costOfRun(session.setup)
  return { name, session, predicted: phases[session.phase.index]! / full, bytes, times: [] }
}

async function step({ session }: Contender): Promise<number> {
  const began = process.cpuUsage()
  await session.step()
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/**
 * A row a strategy: processor time of its step against full fine-tuning's, taken in turns in one process, and what
 * preflight predicts. `memory` is what a step adds to the tensors at its height, against full's.
 */
export async function compareStrategies(
  names: readonly string[],
  { backend, rounds, batch }: { backend: string; rounds: number; batch: number },
  tell: (row: object) => void,
): Promise<void> {
  const full = await contend('full', backend, batch)
  for (const name of names.length > 0 ? names : strategies.keys()) {
    if (name === 'full') continue
    const one = await contend(name, backend, batch)
    const ratios: number[] = []
    for (let i = -1; i < rounds; i++) {
      const [ours, plain] = [await step(one), await step(full)]
      if (i < 0) continue
      ratios.push(ours / plain)
      one.times.push(ours)
    }
    const ratio = median(ratios)
    tell({
      bench: `step of ${name} against full fine-tuning, ${backend}, EfficientNet-Lite0 to stage 6, 96 px, batch ${batch}`,
      phase: one.session.phase.phase.name,
      ms: Math.round(median(one.times)),
      ratio: Number(ratio.toFixed(3)),
      predicted: Number(one.predicted.toFixed(3)),
      off: `${Math.round(100 * (one.predicted / ratio - 1))} %`,
      peakMB: Math.round((await peakOf(one)) / 1e6),
      predictedMB: Math.round(one.bytes / 1e6),
    })
    await one.session.dispose()
  }
  await full.session.dispose()
}

/** Bytes of all tensors at the height of a step, other sessions' values left out. */
async function peakOf({ session }: Contender): Promise<number> {
  const engine = tf.engine() as unknown as { trackTensor(...given: unknown[]): unknown }
  const before = tf.memory().numBytes
  const own = engine.trackTensor.bind(engine)
  let peak = 0
  engine.trackTensor = (...given) => {
    const result = own(...given)
    peak = Math.max(peak, tf.memory().numBytes)
    return result
  }
  try {
    await session.step()
  } finally {
    engine.trackTensor = own
  }
  const values = (bank: { names(): string[]; get(name: string): tf.Tensor }): number =>
    bank.names().reduce((sum, name) => sum + 4 * bank.get(name).size, 0)
  const { bank, w0, teacher } = session
  return peak - before + 2 * values(bank) + values(w0) + (teacher ? values(teacher.parameters) : 0)
}
