import { availableParallelism, cpus } from 'node:os'
import { ExitCode, UserError } from '../../../spec/types'
import { tf } from '../tf'
import type { OpenBackend } from '../types'
import { installs } from './find'
import { loadNative, tfjsName } from './load'

/** Opens TensorFlow from the newest install. Throws a UserError where there is none or it does not load. */
export async function openNative(): Promise<OpenBackend> {
  const [install] = installs()
  if (!install)
    throw new UserError(
      'back end "native" is not installed; run `thaw native install`, or write "auto", "wasm" or "cpu"',
      ExitCode.machineLacks,
    )
  const threads = availableParallelism()
  const binding = await loadNative(install, { threads })
  await tf.setBackend(tfjsName)
  const where = binding.isUsingGpuDevice() ? 'GPU' : (cpus()[0]?.model.trim() ?? 'CPU')
  return {
    name: 'native',
    version: binding.TF_Version,
    threads,
    device: `TensorFlow ${binding.TF_Version}, ${where}, ${threads} threads`,
  }
}
