import type { Flavour } from '../engine/backend/native/find'
import { lacking } from './errors'
import { packageNames } from './releases'
import { readMetadata, type Choose, type Wheel } from './wheel'

export const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const

/** Below `tensorflow/include`: TensorFlow's C API and what its headers include. */
const headers = ['tensorflow/c/', 'tensorflow/core/platform/', 'xla/tsl/', 'tsl/']

/** The two libraries to `tensorflow/`, the headers to `include/`. */
export const chooseTensorflow: Choose = (name) => {
  const library = libraries.find((one) => name === `tensorflow/${one}`)
  if (library) return `tensorflow/${library}`
  const header = name.startsWith('tensorflow/include/') ? name.slice('tensorflow/include/'.length) : ''
  return header.endsWith('.h') && headers.some((folder) => header.startsWith(folder))
    ? `include/${header}`
    : undefined
}

/** CUDA's libraries, compiler and device code, under the names that TensorFlow's run path has: `nvidia/NAME/lib`. */
export const chooseCuda: Choose = (name) =>
  /^nvidia\/[^/]+\/(lib|bin|nvvm)\//.test(name) && !/\.(a|py|h|hpp)$/.test(name) ? name : undefined

export interface TensorflowWheel {
  version: string
  flavour: Flavour
  /** What pip's `and-cuda` extra names, as requirements: `nvidia-cudnn-cu12<10.0,>=9.3.0.75`. */
  cuda: string[]
}

/**
 * What a wheel is, by its own words and by what lies in it.
 * @param tags platform tags that run here
 * @throws UserError when it is no TensorFlow wheel, or one for another platform
 */
export async function identify(wheel: Wheel, tags: readonly string[]): Promise<TensorflowWheel> {
  const metadata = await wheel.info('METADATA')
  if (metadata === undefined)
    throw lacking(
      `${wheel.file} is a zip but no wheel (no .dist-info/METADATA); give a wheel of tensorflow-cpu`,
    )
  const { name, version, requires } = readMetadata(metadata)
  const flavour = (Object.keys(packageNames) as Flavour[]).find((one) => packageNames[one] === name)
  if (!flavour)
    throw lacking(
      `${wheel.file} is a wheel of ${name || 'an unknown package'}, not of TensorFlow; give one of tensorflow-cpu or, for CUDA, tensorflow`,
    )
  const built = [...((await wheel.info('WHEEL')) ?? '').matchAll(/^Tag: [^-\s]+-[^-\s]+-(\S+)/gm)].flatMap(
    ([, tag]) => tag!.split('.'),
  )
  if (!built.some((tag) => tags.includes(tag)))
    throw lacking(
      `${wheel.file} is built for ${built.join(', ') || 'an unknown platform'}; this machine takes ${tags.join(' or ')}`,
    )
  const names = new Set(wheel.names())
  const missing = libraries.find((library) => !names.has(`tensorflow/${library}`))
  if (missing)
    throw lacking(
      `${wheel.file} says that it is ${name} ${version}, but ${missing} is not in it; Thaw is tried with version 2.21`,
    )
  return { version, flavour, cuda: requirementsOf(requires, 'and-cuda') }
}

/** Requirements of an extra, without their marker. Those with other conditions are for other platforms. */
export function requirementsOf(requires: readonly string[], extra: string): string[] {
  return requires.flatMap((line) => {
    const [requirement = '', marker = ''] = line.split(/\s*;\s*/)
    return marker.replaceAll("'", '"') === `extra == "${extra}"` ? [requirement.replaceAll(/\s/g, '')] : []
  })
}
