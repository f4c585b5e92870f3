import { accessSync, constants, existsSync } from 'node:fs'
import { arch, availableParallelism, freemem, platform, release, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { version } from '../../package.json'
import { backendRows } from './lists'
import { bytes } from './render/numbers'

export interface Check {
  name: string
  ok: boolean
  /** A run cannot do without it. */
  needed: boolean
  detail: string
}

/** Looks at everything that a run needs, and says what is there. */
export async function examine(cwd: string): Promise<Check[]> {
  const { findNode } = await import('../runner')
  return [
    { name: 'thaw', ok: true, needed: true, detail: version },
    await check('node', true, () => {
      const { path, origin } = findNode()
      return `${process.version} here; runs use ${path} (${origin})`
    }),
    {
      name: 'machine',
      ok: true,
      needed: true,
      detail: `${platform()} ${arch()} ${release()}, ${availableParallelism()} cores, ${bytes(freemem())} of ${bytes(totalmem())} memory free`,
    },
    await check('packaged network and images', true, async () => {
      const [{ mediaFolder }, { packagedNetworks }] = await Promise.all([
        import('../engine/media'),
        import('../engine/formats'),
      ])
      return packagedNetworks(mediaFolder())
        .map((name) => `thaw:${name}`)
        .join(', ')
    }),
    await check('image decoder (sharp)', true, async () => {
      const { versions } = (await import('sharp')).default
      return `sharp ${versions.sharp ?? ''}, libvips ${versions.vips}`
    }),
    await check('place for runs', true, () => {
      const folder = [resolve(cwd, '.thaw/runs'), resolve(cwd, '.thaw'), cwd].find(existsSync)!
      accessSync(folder, constants.W_OK)
      return `${resolve(cwd, '.thaw/runs')} can be written`
    }),
    ...(await backendRows()).map(({ name, works, detail }) => ({
      name: `back end ${name}`,
      ok: works,
      needed: name === 'wasm' || name === 'cpu',
      detail,
    })),
  ]
}

async function check(name: string, needed: boolean, look: () => string | Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, needed, detail: await look() }
  } catch (error) {
    return { name, ok: false, needed, detail: error instanceof Error ? error.message : String(error) }
  }
}
