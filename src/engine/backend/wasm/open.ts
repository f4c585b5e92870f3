import { ExitCode, UserError } from '../../../spec/types'
import { setWasmPaths, tf, versions } from '../tf'
import type { Opened } from '../types'
import { wasmFolder } from './files'

/**
 * WebAssembly with SIMD, one thread.
 * @param path folder of tfjs's wasm binaries; found by itself when left out
 */
export async function openWasm(path?: string): Promise<Opened> {
  if (tf.getBackend() !== 'wasm' && !tf.engine().registry['wasm']) {
    const folder = path ?? wasmFolder()
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
  return { version: versions.wasm, threads: 1, device: 'WebAssembly SIMD, 1 thread' }
}
