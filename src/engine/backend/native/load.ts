import { join } from 'node:path'
import { constants } from 'node:os'
import util from 'node:util'
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend'
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding'
import { tf } from '../tf'
import type { Install } from './find'

export type { NodeJSKernelBackend, TFJSBinding }

/** Name under which tfjs-node registers its kernels. */
export const tfjsName = 'tensorflow'

export interface NativeOptions {
  /** Threads of one operation. */
  threads: number
}

let loaded: { addon: string; binding: TFJSBinding } | undefined

/**
 * Loads an install's addon and registers tfjs-node's kernels and back end with our tfjs-core, without that package's
 * own entry, which demands an addon of its own. Environment variables that TensorFlow reads are set before. A process
 * holds one TensorFlow: a second call returns the first's. Throws what the loader of shared libraries throws.
 */
export async function loadNative(install: Install, { threads }: NativeOptions): Promise<TFJSBinding> {
  const addon = join(install.folder, install.addon)
  if (loaded) return loaded.binding
  // Node 23 removed two functions that tfjs-node still calls
  const missing = { isNullOrUndefined: (x: unknown) => x === null || x === undefined, isArray: Array.isArray }
  for (const [name, value] of Object.entries(missing))
    if (!(name in util)) Object.defineProperty(util, name, { value })
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3'
  process.env.TF_NUM_INTRAOP_THREADS = String(threads)
  process.env.OMP_NUM_THREADS = String(threads)
  const module = { exports: {} as TFJSBinding }
  process.dlopen(module, addon, constants.dlopen.RTLD_NOW)
  const binding = module.exports
  const [{ NodeJSKernelBackend }] = await Promise.all([
    import('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js'),
    import('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js'),
  ])
  tf.registerBackend(tfjsName, () => new NodeJSKernelBackend(binding, tfjsName), 3)
  loaded = { addon, binding }
  return binding
}

/** The back end in use, with `executeSingleOutput` and its like. */
export const nativeBackend = (): NodeJSKernelBackend => tf.backend() as unknown as NodeJSKernelBackend
