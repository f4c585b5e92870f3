import type { DeviceSpec } from '../../spec/schema'
import { ExitCode, UserError } from '../../spec/types'
import { openCpu } from './cpu/open'
import { openNative } from './native/open'
import { tf } from './tf'
import type { BackendName, OpenBackend, Opened } from './types'
import { openWasm } from './wasm/open'
import { openWebgpu } from './webgpu/open'

export interface OpenOptions {
  /** Folder of tfjs's wasm binaries; found beside the bundle or in node_modules when left out. */
  wasmPath?: string
  /** Recorded, not used: random numbers come from the named streams. */
  seed?: number
  /** Threads and switches of the device, from the run file. */
  device?: DeviceSpec
  /** Why this run cannot be done on a back end, in words; undefined: it can. Asked by `auto` alone. */
  unfit?: (name: BackendName) => string | undefined
}

/**
 * Fastest first. Each makes itself tfjs's current back end or throws a UserError that says what is missing; a
 * software rasteriser or the like is refused there unless it was named.
 */
const openers: Record<BackendName, (options: OpenOptions, asked: boolean) => Promise<Opened>> = {
  native: ({ device }) => openNative(device),
  webgpu: ({ device }, asked) => openWebgpu(device?.adapter, asked),
  wasm: ({ wasmPath }) => openWasm(wasmPath),
  cpu: openCpu,
}

/** Names of back ends, fastest first. */
export const backendNames = Object.keys(openers) as BackendName[]

/**
 * Opens a back end and makes it tfjs's current one; `auto` takes the first that opens and can do the run, and says in
 * `reason` why not an earlier one. Throws a UserError (exit code 3) when the named one cannot be opened.
 */
export async function openBackend(
  name: BackendName | 'auto',
  options: OpenOptions = {},
): Promise<OpenBackend> {
  const { seed } = options
  if (name !== 'auto')
    return { ...(await openers[name](options, true)), name, seed, reason: 'asked for by name' }
  const refused: string[] = []
  for (const candidate of backendNames) {
    const unfit = options.unfit?.(candidate)
    if (unfit !== undefined) {
      refused.push(`${candidate}: ${unfit}`)
      continue
    }
    try {
      const opened = await openers[candidate](options, false)
      const reason = ['the fastest that can do this run here', ...refused].join('; ')
      return { ...opened, name: candidate, seed, reason }
    } catch (error) {
      refused.push(`${candidate}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new UserError(`no back end can do this run: ${refused.join('; ')}`, ExitCode.machineLacks)
}

/**
 * Throws away the current back end with all its memory and opens it afresh: wasm's heap grows and never shrinks.
 * Every tensor must have been disposed before, or read into plain arrays.
 */
export async function resetBackend(): Promise<void> {
  const name = tf.getBackend()
  const factory = tf.findBackendFactory(name)
  tf.removeBackend(name)
  tf.registerBackend(name, factory, 2)
  await tf.setBackend(name)
}
