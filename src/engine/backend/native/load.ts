import { constants } from 'node:os'
import { join } from 'node:path'
import util from 'node:util'
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend'
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding'
import type { DeviceSpec } from '../../../spec/schema'
import { tf } from '../tf'
import { threadsFor, variables } from './environment'
import type { Install } from './find'
import { replaceKernels } from './ops/replace'
import { quietly } from './quiet'

export type { NodeJSKernelBackend, TFJSBinding }

/** Name under which tfjs-node registers its kernels. */
export const tfjsName = 'tensorflow'

export interface Loaded {
  install: Install
  binding: TFJSBinding
  /** Threads of one operation. */
  threads: number
  /** What TensorFlow said while it was loaded. */
  text: string
}

let loaded: Loaded | undefined

/**
 * Loads an install's addon and registers tfjs-node's kernels and back end with our tfjs-core, without that package's
 * own entry, which demands an addon of its own. The variables that TensorFlow reads are set before. A process holds
 * one TensorFlow: later calls return the first's.
 * @throws LoadError where the libraries do not load
 */
export async function loadNative(install: Install, device?: Partial<DeviceSpec>): Promise<Loaded> {
  if (loaded) return loaded
  defineMissing()
  const [{ NodeJSKernelBackend }] = await Promise.all([
    import('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js'),
    import('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js'),
  ])
  replaceKernels()
  const threads = threadsFor(device)
  Object.assign(process.env, variables(device))
  const { value: binding, text } = quietly(join(install.folder, 'tensorflow', 'stderr.node'), () => {
    const module = { exports: {} as TFJSBinding }
    process.dlopen(module, join(install.folder, install.addon), constants.dlopen.RTLD_NOW)
    return module.exports
  })
  tf.registerBackend(tfjsName, () => new NodeJSKernelBackend(binding, tfjsName), 3)
  loaded = { install, binding, threads, text }
  return loaded
}

/** Node 23 removed two functions of `util` that tfjs-node still calls. */
function defineMissing(): void {
  const missing = { isNullOrUndefined: (x: unknown) => x === null || x === undefined, isArray: Array.isArray }
  for (const [name, value] of Object.entries(missing))
    if (!(name in util)) Object.defineProperty(util, name, { value })
}

/** The back end in use, with `executeSingleOutput` and its like. */
export const nativeBackend = (): NodeJSKernelBackend => tf.backend() as unknown as NodeJSKernelBackend
