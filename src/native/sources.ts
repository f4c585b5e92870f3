import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lacking } from './errors'

/** Folders that the addons are compiled from. */
export interface Sources {
  /** C++ of the addons. */
  addon: string
  /** Headers of Node's stable C API. */
  node: string
  /** Holds ready-made addons, one folder per platform, where a package ships some. */
  prebuilt: string
}

/** From a bundle in `dist`, whose `native` folder holds them, and from the sources alike. */
export function findSources(start: string = __dirname): Sources {
  for (let folder = start; ; folder = dirname(folder)) {
    const native = join(folder, 'native')
    const modules = join(folder, 'node_modules')
    const places = [join(native, 'node'), join(modules, 'node-api-headers', 'include')]
    const addon = join(native, 'addon')
    const node = places.find((place) => existsSync(place))
    if (node && existsSync(addon)) return { addon, node, prebuilt: join(native, 'prebuilt') }
    if (dirname(folder) === folder) break
  }
  throw lacking(
    'the sources of the native addon are missing from this installation of Thaw; install it again',
  )
}

/** The C++ compiler: CXX, else the first that answers; undefined where there is none. */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = env.CXX ? [env.CXX] : ['g++', 'clang++', 'c++']
  return candidates.find(
    (command) => spawnSync(command, ['--version'], { env, stdio: 'ignore', timeout: 30_000 }).status === 0,
  )
}

/** @throws UserError where there is none */
export function needCompiler(env: NodeJS.ProcessEnv = process.env): string {
  const found = findCompiler(env)
  if (found) return found
  throw lacking(
    env.CXX
      ? `CXX is ${env.CXX}, which does not run; set it to a C++ compiler, or unset it`
      : 'there is no C++ compiler, which makes the small addon between Node and TensorFlow; install one (Debian and Ubuntu: apt-get install g++, Fedora: dnf install gcc-c++)',
  )
}
