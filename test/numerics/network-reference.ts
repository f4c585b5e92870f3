import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readSafetensors, type StoredTensor } from '../../src/engine/formats'

const run = promisify(execFile)
const python = process.env.THAW_PYTHON ?? '/usr/bin/python3'

export interface Job {
  model: string
  size: number
  batch: number
  classes: number
  /** Batch-norm modes of the training steps. */
  modes: readonly string[]
  stages?: number
  weights?: string
}

export const scratchFolder = (): string => mkdtempSync(join(tmpdir(), 'thaw-network-'))

/** Runs a script of test/reference; its standard error is in the message when it fails. */
export async function reference(script: string, ...args: string[]): Promise<string> {
  const path = join(__dirname, '..', 'reference', script)
  const { stdout } = await run(python, [path, ...args], {
    maxBuffer: 1 << 28,
    // threads that wait by spinning are very slow beside other processes
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  })
  return stdout
}

/** PyTorch's outputs, gradients and statistics of a network, with the file of its weights. */
export async function referenceNetwork(
  job: Job,
): Promise<{ folder: string; weights: string; expected: Map<string, StoredTensor> }> {
  const folder = scratchFolder()
  await reference('network.py', folder, JSON.stringify(job))
  const { tensors } = await readSafetensors(await readFile(join(folder, 'expected.safetensors')))
  return { folder, weights: job.weights ?? join(folder, 'weights.safetensors'), expected: tensors }
}

/** ||a - b|| / ||b||. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`)
  let difference = 0
  let size = 0
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2
    size += b[i]! ** 2
  }
  return Math.sqrt(difference / size)
}
