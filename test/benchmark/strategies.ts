import { tf } from '../../src/engine/backend'
import { strategies } from '../../src/engine/strategies/registry'
import { type TrainingSession } from '../../src/engine/train'
import { costOfRun, type RunCost } from '../../src/engine/train/cost'
import { openBench, silent } from './session'

/** One strategy on the packaged network, standing in the phase that is measured. */
interface Contender {
  name: string
  session: TrainingSession
  cost: RunCost
  times: number[]
}

/** Options that let the costliest phase begin at once, and leave out what is measured before it. */
const chosen: Record<string, Record<string, unknown>> = {
  delta: { attention: 'uniform' },
  fitnets: { training: 'joint' },
  'linear-probe': { solver: 'sgd' },
  gradual: { unfreeze: false },
  'lp-ft': { solver: 'sgd', probeSteps: 1 },
  // the tuning of a network of half the multiply-adds
  transtailor: { rounds: 1, headSteps: 1, factorSteps: 1, budget: 0.5, tau: 100 },
}

async function contend(name: string, backend: string, batch: number): Promise<Contender> {
  const optimizer = name === 'l2t-ww' ? { name: 'sgd', rate: 1e-3 } : { name: 'adamw', rate: 1e-4 }
  const session = await openBench(
    {
      strategy: { name, ...chosen[name] },
      model: { inputSize: 96 },
      // flips: nothing can be kept
      data: { transforms: { flip: true }, split: { val: 0.2 } },
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
  return { name, session, cost: costOfRun(session.setup), times: [] }
}

async function step({ session }: Contender): Promise<number> {
  const began = process.cpuUsage()
  await session.step()
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/**
 * A row a strategy: processor time of its step against full fine-tuning's, taken in turns in one process, and the ratio
 * of multiply-adds that preflight predicts.
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
    // short phases before the one that is measured
    for (let i = 0; i < 3; i++) await one.session.step()
    for (let i = -1; i < rounds; i++) {
      const [ours, plain] = [await step(one), await step(full)]
      if (i < 0) continue
      ratios.push(ours / plain)
      one.times.push(ours)
    }
    const ratio = median(ratios)
    const predicted = one.cost.phases[one.session.phase.index]! / one.cost.full
    tell({
      bench: `step of ${name} against full fine-tuning, ${backend}, EfficientNet-Lite0 to stage 6, 96 px, batch ${batch}`,
      phase: one.session.phase.phase.name,
      ms: Math.round(median(one.times)),
      ratio: Number(ratio.toFixed(3)),
      predicted: Number(predicted.toFixed(3)),
      off: `${Math.round(100 * (predicted / ratio - 1))} %`,
    })
    await one.session.dispose()
  }
  await full.session.dispose()
}

/**
 * Bytes that wasm's heap has grown to after two steps of a strategy alone in this process, and what preflight predicts:
 * the heap never shrinks, so a row needs a process of its own.
 */
export async function heapOf(name: string, batch: number): Promise<object> {
  const one = await contend(name, 'wasm', batch)
  for (let i = 0; i < 2; i++) await one.session.step()
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }
  const heapMB = Math.round(wasm.HEAPU8.buffer.byteLength / 2 ** 20)
  const predictedMB = Math.round(one.cost.bytes / 2 ** 20)
  await one.session.dispose()
  return { bench: `memory of ${name}, wasm, batch ${batch}`, heapMB, predictedMB }
}
