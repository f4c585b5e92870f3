import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export interface Trial {
  ok: boolean
  /** TensorFlow's version, or why it does not load. */
  detail: string
  /** It sees an NVIDIA GPU. */
  gpu: boolean
  /** What was written to stderr. */
  text: string
}

const script = `
const module = { exports: {} }
process.dlopen(module, process.argv[1])
const { TF_Version: version, isUsingGpuDevice } = module.exports
console.log(JSON.stringify({ version, gpu: isUsingGpuDevice() }))
`

/** Loads an install's addon in a process of its own: a library that is broken can end the process that loads it. */
export function tryLoad(folder: string, addon: string): Trial {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['-e', script, join(folder, addon)],
    {
      encoding: 'utf8',
      // in the editor execPath is the editor
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', TF_CPP_MIN_LOG_LEVEL: '1' },
      timeout: 120_000,
    },
  )
  try {
    const { version, gpu } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
      version: string
      gpu: boolean
    }
    return { ok: true, detail: version, gpu, text: stderr }
  } catch {
    return { ok: false, detail: failure(stderr, signal ?? status), gpu: false, text: stderr }
  }
}

const failure = (text: string, end: string | number | null): string =>
  /^Error: (.+)$/m.exec(text)?.[1] ?? `the process that loaded it ended with ${end}`
