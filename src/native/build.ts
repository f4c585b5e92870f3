import { spawn } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { libraries } from './contents'
import { lacking } from './errors'
import { findSources, needCompiler, type Sources } from './sources'

export const addonPath = 'tensorflow/tfjs_binding.node'
const addons = ['tfjs_binding.node', 'stderr.node']

/** Path of a ready-made addon's folder for this platform; undefined where none is shipped. */
export function prebuiltFolder({ prebuilt }: Sources): string | undefined {
  const folder = join(prebuilt, `${process.platform}-${process.arch}`)
  return addons.every((name) => existsSync(join(folder, name))) ? folder : undefined
}

/** @throws UserError where addons can neither be compiled nor taken ready-made; asked before anything is fetched */
export function checkCanBuild(env: NodeJS.ProcessEnv = process.env): void {
  if (!prebuiltFolder(findSources())) needCompiler(env)
}

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
  const common = ['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8', `-I${sources.node}`]
  await compile(compiler, env, [...common, join(sources.addon, 'stderr.cc'), '-o', join(to, 'stderr.node')])
  await compile(compiler, env, [
    ...common,
    `-I${join(folder, 'include')}`,
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(sources.binding, name)),
    '-o',
    join(folder, addonPath),
    ...libraries.map((name) => join(to, name)),
    '-Wl,-rpath,$ORIGIN',
  ])
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
