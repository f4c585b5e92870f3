import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { libraries } from './contents'
import { lacking } from './errors'
import { findSources, needCompiler, type Sources } from './sources'

export const addonPath = 'tensorflow/thaw_tensorflow.node'
const addons = ['thaw_tensorflow.node', 'stderr.node']

/** Path of a ready-made addon's folder for this platform; undefined where none is shipped. */
export function prebuiltFolder({ prebuilt }: Sources): string | undefined {
  const folder = join(prebuilt, `${process.platform}-${process.arch}`)
  return addons.every((name) => existsSync(join(folder, name))) ? folder : undefined
}

/** @throws UserError where addons can neither be compiled nor taken ready-made; asked before anything is fetched */
export function checkCanBuild(env: NodeJS.ProcessEnv = process.env): void {
  if (!prebuiltFolder(findSources())) needCompiler(env)
}

/** C++ of the addon between Node and TensorFlow, beside the kernels. */
const units = ['tensorflow', 'handles', 'calls', 'parallel']

/**
 * Puts the two addons beside the libraries in FOLDER/tensorflow. They use stable C interfaces alone (Node-API 8 and
 * TensorFlow's C API), so that one build serves every Node from 20 on.
 * @throws UserError with the compiler's first error
 */
export async function buildAddons(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const sources = findSources()
  const to = join(folder, 'tensorflow')
  const ready = prebuiltFolder(sources)
  if (ready) {
    for (const name of addons) copyFileSync(join(ready, name), join(to, name))
    return
  }
  const compiler = needCompiler(env)
  const common = ['-O3', '-fPIC', '-std=c++17', '-fvisibility=hidden', '-Wno-psabi', '-DNAPI_VERSION=8']
  const objects = mkdtempSync(join(to, '.objects-'))
  const object = (name: string) => join(objects, `${name}.o`)
  const make = (source: string, name: string, flags: readonly string[] = []) =>
    compile(compiler, env, [
      ...common,
      ...flags,
      `-I${sources.node}`,
      `-I${join(folder, 'include')}`,
      '-c',
      join(sources.addon, `${source}.cc`),
      '-o',
      object(name),
    ])
  const wide = process.arch === 'x64'
  try {
    const shared = join(objects, 'stderr.node')
    await Promise.all([
      make('kernels', 'kernels_plain', ['-DTHAW_KERNELS=kernels_plain']),
      ...(wide ? [make('kernels', 'kernels_avx2', ['-mavx2', '-mfma', '-DTHAW_KERNELS=kernels_avx2'])] : []),
      ...units.map((unit) => make(unit, unit, wide ? ['-DTHAW_AVX2'] : [])),
      compile(compiler, env, [
        ...common,
        '-shared',
        `-I${sources.node}`,
        join(sources.addon, 'stderr.cc'),
        '-o',
        shared,
      ]),
    ])
    const addon = join(objects, 'addon.node')
    await compile(compiler, env, [
      '-shared',
      ...[...units, 'kernels_plain', ...(wide ? ['kernels_avx2'] : [])].map(object),
      '-o',
      addon,
      ...libraries.map((name) => join(to, name)),
      '-Wl,-rpath,$ORIGIN',
    ])
    // renamed into place: a process that has loaded the one before keeps it
    renameSync(shared, join(to, 'stderr.node'))
    renameSync(addon, join(folder, addonPath))
  } finally {
    rmSync(objects, { recursive: true, force: true })
  }
}

function compile(compiler: string, env: NodeJS.ProcessEnv, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.on('data', (chunk) => (text += chunk))
    child.on('error', (error) => reject(lacking(`${compiler} does not run: ${error.message}`)))
    child.on('close', (code) => {
      if (code === 0) return resolve()
      const first =
        text.split('\n').find((line) => /error|No space left/i.test(line)) ?? text.trim().slice(-300)
      reject(
        lacking(
          `${compiler} could not make the native addon: ${first}; another compiler can be named in CXX`,
        ),
      )
    })
  })
}
