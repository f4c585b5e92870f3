import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TrainingSession } from '../../src/engine/train'
import { NotebookSession } from '../../src/notebook/api/session'
import { readWritten } from '../../src/notebook/api/specs'
import type { KernelContext } from '../../src/notebook/kernel/context'
import { KernelHost } from '../../src/notebook/kernelHost'
import { startKernel } from '../../src/notebook/kernelProcess'
import type { ExecuteResult } from '../../src/notebook/protocol'

const OPEN = `const model = await load('small_cnn', { inputSize: 32 })
const session = tune(model, 'thaw:noto-drawings', { backend: 'wasm', steps: 1000 })`

/** A kernel with the time at which each cell came back. */
async function withKernel<T>(
  work: (run: (code: string) => Promise<ExecuteResult>) => Promise<T>,
): Promise<T> {
  let over: (result: ExecuteResult) => void
  const base = mkdtempSync(join(tmpdir(), 'thaw-bench-'))
  const host = new KernelHost(startKernel({ base, log: () => undefined }), {
    onStatus: () => undefined,
    onOutput: (_cell, output) => {
      if (output.type === 'failure') throw new Error(output.message)
    },
    onCell: (_cell, news) => {
      if (news.type === 'ended') over(news.result)
    },
  })
  const run = (code: string) =>
    new Promise<ExecuteResult>((resolve) => {
      over = resolve
      host.run([{ cell: code, code, language: 'typescript', label: 'cell' }])
    })
  try {
    return await work(run)
  } finally {
    await host.close()
  }
}

/** Milliseconds from the start of a process: until a first cell is done, and until a session stands on wasm. */
export async function kernelStart(): Promise<{ first: number; wasm: number }> {
  const began = performance.now()
  return withKernel(async (run) => {
    await run('1')
    const first = performance.now() - began
    await run(OPEN)
    return { first, wasm: performance.now() - began }
  })
}

/** Milliseconds beside the work of a cell, with a session open. */
export async function roundTrips(count: number): Promise<number[]> {
  return withKernel(async (run) => {
    await run(OPEN)
    await run('await session.step(1)')
    const times: number[] = []
    for (let i = 0; i < count; i++) {
      const began = performance.now()
      await run('1 + 1')
      times.push(performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    return times
  })
}

/** Processor milliseconds of `step(1)` in a notebook and of the same step in a run, in turns. */
export async function stepCosts(rounds: number): Promise<{ notebook: number[]; run: number[] }> {
  const base = mkdtempSync(join(tmpdir(), 'thaw-bench-'))
  const read = readWritten(
    {
      model: { source: 'thaw:efficientnet-lite0', inputSize: 64 },
      train: { steps: 1000, schedule: { name: 'constant' } },
      backend: 'wasm',
    },
    base,
  )
  let rows = 0
  const run = await TrainingSession.open(read.spec, {
    runId: 'bench',
    base,
    sink: {
      emit: () => undefined,
      layerRow: () => rows++,
      saveCheckpoint: () => Promise.resolve({ folder: '', bytes: 0 }),
    },
  })
  const notebook = new NotebookSession(silentContext(base), { read, base })
  await notebook.ready
  const cpu = async (work: () => Promise<unknown>) => {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  const times = { notebook: [] as number[], run: [] as number[] }
  // each is first in every other round: whoever is pays for what the engine still compiles and for the other's garbage
  for (let i = -4; i < rounds; i++) {
    const cost = { notebook: () => cpu(() => notebook.step(1)), run: () => cpu(() => run.step()) }
    for (const side of i % 2 === 0 ? (['notebook', 'run'] as const) : (['run', 'notebook'] as const)) {
      const ms = await cost[side]()
      if (i >= 0) times[side].push(ms)
    }
  }
  await notebook.close()
  await run.dispose()
  return times
}

function silentContext(base: string): KernelContext {
  let id = 0
  return {
    base,
    name: 'bench',
    sessions: new Set(),
    interrupted: false,
    working: (work) => work(),
    show: () => undefined,
    update: () => undefined,
    newId: () => String(++id),
    waitFor: () => undefined,
    countSteps: () => undefined,
    note: () => undefined,
    cellKey: () => String(++id),
    cellLabel: () => 'a cell',
    nameOf: () => undefined,
    setVariable: () => undefined,
    getVariable: () => undefined,
  }
}
