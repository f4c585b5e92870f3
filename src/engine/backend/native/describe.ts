import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'

const gigabytes = (bytes: number): string => `${Math.round(bytes / 1e9)} GB`

/** For example `AMD EPYC 7763, 2 threads, 25 GB`. */
export const describeProcessor = (threads: number): string =>
  `${cpus()[0]?.model.trim() || process.arch}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${gigabytes(totalmem())}`

/** For example `NVIDIA A100-SXM4-40GB, 42 GB`; asked of the driver's own tool. */
export function describeGpu(index = visible()): string {
  try {
    const text = execFileSync(
      'nvidia-smi',
      [`--id=${index}`, '--query-gpu=name,memory.total', '--format=csv,noheader,nounits'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 },
    )
    return readGpu(text)
  } catch {
    return 'NVIDIA GPU'
  }
}

/** A line of nvidia-smi: name, memory in MiB. */
export function readGpu(line: string): string {
  const [name = 'NVIDIA GPU', memory = ''] = line.trim().split(/\s*,\s*/)
  return Number(memory) > 0 ? `${name}, ${gigabytes(Number(memory) * 2 ** 20)}` : name
}

/** TensorFlow takes the first of those that it may see; a number or the id that begins with `GPU-`. */
const visible = (): string => process.env.CUDA_VISIBLE_DEVICES?.split(',')[0]?.trim() || '0'
