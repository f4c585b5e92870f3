import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { isStale, nativeFolder } from '../engine/backend/native/find'
import { listNative } from './cache'
import { configuredIndex, findPip } from './fetch'
import { platformTags, thisPlatform, wasTried } from './platform'
import { findCompiler } from './sources'
import { freeBytes } from './space'
import { tryLoad } from './trial'

export interface NativeCheck {
  name: string
  ok: boolean
  detail: string
}

/** What native TensorFlow needs to be installed here, and whether what is installed loads, with its own words if not. */
export function examineNative(root = nativeFolder(), env: NodeJS.ProcessEnv = process.env): NativeCheck[] {
  const compiler = findCompiler(env)
  const pip = findPip(env)
  const installed = listNative(root)
  return [
    platformCheck(),
    {
      name: 'C++ compiler',
      ok: compiler !== undefined,
      detail: compiler ?? 'none; on Debian: apt-get install g++, on Fedora: dnf install gcc-c++',
    },
    {
      name: 'package index',
      ok: pip !== undefined || configuredIndex(env) !== undefined,
      detail: pip
        ? `through ${pip.join(' ')}`
        : configuredIndex(env)
          ? 'through PIP_INDEX_URL or pip.conf'
          : 'neither pip nor PIP_INDEX_URL; `thaw native install --wheel FILE` needs none',
    },
    { name: 'folder', ok: true, detail: `${root}, ${(freeBytes(existing(root)) / 1e9).toFixed(1)} GB free` },
    ...installed.map((install) => {
      const { name, folder, addon } = install
      if (isStale(install))
        return {
          name,
          ok: false,
          detail: 'was installed by an earlier version of Thaw; `thaw native install` makes its addon again',
        }
      const { ok, detail, gpu, text } = tryLoad(folder, addon)
      const last = text.trim().split('\n').at(-1)
      return {
        name,
        ok,
        detail: ok
          ? `loads: TensorFlow ${detail}, ${gpu ? 'on an NVIDIA GPU' : 'on the processor'}`
          : `does not load: ${detail}${last && !last.includes(detail) ? ` (${last})` : ''}`,
      }
    }),
    ...(installed.length > 0
      ? []
      : [{ name: 'installed', ok: false, detail: 'nothing yet; `thaw native install`' }]),
  ]
}

function platformCheck(): NativeCheck {
  const platform = thisPlatform()
  const name = 'platform'
  try {
    platformTags('cpu', platform)
    const tried = wasTried(platform) ? '' : ' (not tried)'
    return { name, ok: true, detail: `${platform.platform} ${platform.arch}${tried}` }
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message }
  }
}

function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder))
}
