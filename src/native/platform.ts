import type { Flavour } from '../engine/backend/native/find'
import { lacking } from './errors'

export interface Platform {
  platform: NodeJS.Platform
  arch: string
  /** The C library is musl (Alpine), not glibc. */
  musl: boolean
}

interface ReportHeader {
  glibcVersionRuntime?: string
}

export function thisPlatform(): Platform {
  const header = (process.report.getReport() as { header: ReportHeader }).header
  return {
    platform: process.platform,
    arch: process.arch,
    musl: process.platform === 'linux' && header.glibcVersionRuntime === undefined,
  }
}

/** Tags that a wheel's name may end with, best first; Linux on arm64 is written as TensorFlow publishes it, not tried. */
const tags: Partial<Record<string, readonly string[]>> = {
  'linux-x64': [
    'manylinux_2_27_x86_64',
    'manylinux_2_28_x86_64',
    'manylinux_2_17_x86_64',
    'manylinux2014_x86_64',
  ],
  'linux-arm64': [
    'manylinux_2_27_aarch64',
    'manylinux_2_28_aarch64',
    'manylinux_2_17_aarch64',
    'manylinux2014_aarch64',
  ],
}

/**
 * Platform tags of wheels that run here.
 * @throws UserError where native TensorFlow cannot be had, with what to use instead
 */
export function platformTags(flavour: Flavour, { platform, arch, musl }: Platform): readonly string[] {
  if (musl)
    throw lacking(
      'native TensorFlow needs glibc, and this system has musl (Alpine); use a Debian, Ubuntu or Fedora image, or stay with backend "webgpu" or "wasm"',
    )
  const found = tags[`${platform}-${arch}`]
  if (!found)
    throw lacking(
      `native TensorFlow is built for Linux on x64 (on arm64 it was not tried), not for ${nameOf(platform)} on ${arch}; use backend "webgpu", which runs on this machine's GPU, or "wasm"` +
        (platform === 'win32' ? '; inside WSL 2 the Linux one can be installed' : ''),
    )
  if (flavour === 'cuda12' && arch !== 'x64')
    throw lacking(
      'TensorFlow for CUDA is published for Linux on x64 alone; leave --cuda out for the processor',
    )
  return found
}

/** False where the parts are laid as TensorFlow publishes them but nobody has run them. */
export const wasTried = ({ platform, arch }: Platform): boolean => platform === 'linux' && arch === 'x64'

const nameOf = (platform: string): string => ({ win32: 'Windows', darwin: 'macOS' })[platform] ?? platform
