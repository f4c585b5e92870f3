import { UserError, ExitCode } from '../../spec/types'
import { wasmFolder } from './native/wasmFiles'
import { openNative } from './native/open'
import { setWasmPaths, tf, versions } from './tf'
import type { BackendName, OpenBackend } from './types'

export interface OpenOptions {
  /** Folder of tfjs's wasm binaries; found beside the bundle or in node_modules when left out. */
  wasmPath?: string
  /** Recorded, not used: random numbers come from the named streams. */
  seed?: number
}

/** Fastest first; native and webgpu join when they are provisioned. */
const order: readonly BackendName[] = ['wasm', 'cpu']

/**
 * Opens a back end and makes it tfjs's current one; `auto` takes the first that opens and says in `reason` why not
 * an earlier one. Throws a UserError (exit code 3) when the named one cannot be opened.
 */
export async function openBackend(
  name: BackendName | 'auto',
  options: OpenOptions = {},
): Promise<OpenBackend> {
  if (name !== 'auto')
    return { ...(await open(name, options)), reason: 'named in the run file or on the command line' }
  const refused: string[] = []
  for (const candidate of order) {
    try {
      const opened = await open(candidate, options)
      return { ...opened, reason: [`the fastest that opens here`, ...refused].join('; ') }
    } catch (error) {
      refused.push(`${candidate}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new UserError(`no back end opens: ${refused.join('; ')}`, ExitCode.machineLacks)
}

async function open(name: BackendName, { wasmPath, seed }: OpenOptions): Promise<OpenBackend> {
  if (name === 'cpu') {
    await tf.setBackend('cpu')
    // else tfjs advertises another package on the console
    Object.assign(tf.backend(), { firstUse: false })
    return { name, version: versions.cpu, threads: 1, device: 'JavaScript, 1 thread', seed }
  }
  if (name === 'native') return { ...(await openNative()), seed }
  if (name !== 'wasm')
    throw new UserError(
      `back end "${name}" is not installed; write "auto", "wasm" or "cpu"`,
      ExitCode.machineLacks,
    )
  if (tf.getBackend() !== 'wasm' && !tf.engine().registry['wasm']) {
    const folder = wasmPath ?? wasmFolder()
    if (!folder)
      throw new UserError(
        'the files of the wasm back end are missing (tfjs-backend-wasm-simd.wasm); install the package again',
        ExitCode.machineLacks,
      )
    // a second thread was never seen to start in Node, and one thread keeps results the same everywhere
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
    setWasmPaths(folder.endsWith('/') ? folder : `${folder}/`)
  }
  if (!(await tf.setBackend('wasm')))
    throw new UserError(
      'the wasm back end does not start on this machine; write "cpu"',
      ExitCode.machineLacks,
    )
  return { name, version: versions.wasm, threads: 1, device: 'WebAssembly SIMD, 1 thread', seed }
}

/**
 * Throws away the current back end with all its memory and opens it afresh: wasm's heap grows and never shrinks.
 * Every tensor must have been disposed before, or read into plain arrays.
 */
export async function resetBackend(): Promise<void> {
  const name = tf.getBackend()
  const factory = tf.findBackendFactory(name)
  tf.removeBackend(name)
  tf.registerBackend(name, factory, name === 'wasm' ? 2 : 1)
  await tf.setBackend(name)
}
