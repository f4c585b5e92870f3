import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mediaFolder } from '../../src/engine/media'
import { catalog } from '../../src/engine/strategies/catalog'
import { TrainingSession } from '../../src/engine/train'
import type { RunSink } from '../../src/engine/train/types'
import { CheckpointStore, createRunFolder, takeAttempt } from '../../src/events'
import { FolderSink } from '../../src/runner/sink'
import { parseRunFile } from '../../src/spec'

export const silent: RunSink = {
  emit: () => {},
  layerRow: () => 0,
  saveCheckpoint: async () => ({ folder: '', bytes: 0 }),
}

export async function openBench(file: object, sink: RunSink): Promise<TrainingSession> {
  const { spec, problems } = parseRunFile(JSON.stringify(file), { file: 'bench', strategies: catalog })
  if (!spec) throw new Error(problems.map((problem) => problem.message).join('\n'))
  return TrainingSession.open(spec, { runId: 'bench', base: mediaFolder(), sink })
}

const plain = { strategy: { name: 'linear-probe', solver: 'sgd' }, backend: 'wasm' }

/** Ten epochs of the linear probe on the packaged set, 50 steps; model and list of images are open already. */
export async function probe(): Promise<number> {
  const session = await openBench(
    { ...plain, train: { steps: 50, batchSize: 20 }, data: { transforms: 'none' } },
    silent,
  )
  const began = performance.now()
  for (let i = 0; i < 50; i++) await session.step()
  const ms = performance.now() - began
  session.dispose()
  return ms
}

/** Milliseconds of recording and of everything else over full fine-tuning steps into a real run folder. */
export async function recording(steps: number): Promise<{ record: number; other: number }> {
  const root = mkdtempSync(join(tmpdir(), 'thaw-bench-'))
  try {
    const folder = createRunFolder(root)
    const attempt = takeAttempt(folder.path)
    const store = new CheckpointStore(folder.path)
    const sink = new FolderSink(folder, attempt, store, { note: () => {} })
    const session = await openBench({ strategy: 'full', backend: 'wasm', train: { steps: 1000 } }, sink)
    let record = 0
    let other = 0
    for (let i = 0; i < steps; i++) {
      const { ms } = (await session.step())!
      record += ms.record
      other += ms.data + ms.compute + ms.update
    }
    session.dispose()
    sink.close()
    return { record, other }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
