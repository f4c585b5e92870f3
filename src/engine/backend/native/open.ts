import { readFileSync } from 'node:fs'
import type { DeviceSpec } from '../../../spec/schema'
import { ExitCode, UserError } from '../../../spec/types'
import { tf } from '../tf'
import type { Opened } from '../types'
import { describeGpu, describeProcessor } from './describe'
import { installs, isStale, type Install } from './find'
import { loadNative, tfjsName, type Loaded } from './load'
import { LoadError } from './quiet'

/**
 * Opens TensorFlow from the newest install of this platform, CUDA before the processor's.
 * @throws UserError where there is none, where it does not load, or where this process holds it with other threads
 */
export async function openNative(device?: Partial<DeviceSpec>): Promise<Opened> {
  const platform = `${process.platform}-${process.arch}`
  const install = installs().find((one) => one.platform === platform)
  if (!install) return refuse('is not installed; run `thaw native install`, or write "auto", "wasm" or "cpu"')
  if (isStale(install))
    return refuse(
      'was installed by an earlier version of Thaw; run `thaw native install`, which makes its small addon again and fetches nothing',
    )
  if (lacksAvx())
    return refuse('needs a processor with AVX, which this one lacks; write "auto", "wasm" or "cpu"')
  const loaded = await load(install, device)
  if (device?.threads !== undefined && device.threads !== loaded.threads)
    return refuse(
      `is loaded in this process with ${loaded.threads} threads; start again to have device.threads ${device.threads}`,
    )
  await tf.setBackend(tfjsName)
  return describe(loaded)
}

async function load(install: Install, device?: Partial<DeviceSpec>): Promise<Loaded> {
  try {
    return await loadNative(install, device)
  } catch (error) {
    const said = error instanceof LoadError ? lastLine(error.text) : undefined
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return refuse(
      `(TensorFlow ${install.version}, ${install.flavour}) does not load: ${message}${said ? ` (${said})` : ''}; run \`thaw native doctor\`, or \`thaw native install --force\` to make it again`,
    )
  }
}

function describe({ binding, threads, install }: Loaded): Opened {
  const version = binding.TF_Version
  if (binding.isUsingGpuDevice())
    return { version, threads, device: `TensorFlow ${version}, ${describeGpu()}` }
  const without = install.flavour === 'cuda12' ? ' (no NVIDIA GPU was found)' : ''
  return { version, threads, device: `TensorFlow ${version}, ${describeProcessor(threads)}${without}` }
}

/** TensorFlow's builds end the process on a processor without AVX. Known on Linux for x64 alone. */
function lacksAvx(): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
  return flags !== undefined && !flags.split(' ').includes('avx')
}

function refuse(what: string): never {
  throw new UserError(`back end "native" ${what}`, ExitCode.machineLacks)
}

const lastLine = (text: string): string | undefined => text.trim().split('\n').at(-1) || undefined
