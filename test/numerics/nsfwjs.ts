import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'

const run = promisify(execFile)
const VERSION = '4.3.0'
const cache = join(import.meta.dirname, '../../.cache')

interface ModelJson {
  weightsManifest: { paths: string[] }[]
}

/** The value that one of the package's UMD scripts exports; it sees nothing of Node. */
async function exported(file: string): Promise<unknown> {
  const context = createContext({ module: { exports: {} }, exports: {} })
  runInContext(await readFile(file, 'utf8'), context, { timeout: 30_000 })
  // a plain copy: objects of another context have other prototypes
  return JSON.parse(runInContext('JSON.stringify(module.exports)', context) as string)
}

/**
 * A MobileNetV2 that people fine-tuned and ship: the one in the npm package nsfwjs, as the `model.json` and shards
 * that its scripts hold. Fetched once into `.cache`.
 * @returns path of the model.json, or why there is none
 */
export async function nsfwjsModel(): Promise<{ path: string } | { missing: string }> {
  const folder = join(cache, `nsfwjs-${VERSION}`)
  const path = join(folder, 'model.json')
  if (await stat(path).catch(() => undefined)) return { path }
  const part = `${folder}.${process.pid}`
  await mkdir(part, { recursive: true })
  try {
    await run('npm', ['pack', `nsfwjs@${VERSION}`, '--silent', '--fetch-retries=0'], {
      cwd: part,
      timeout: 120_000,
    })
  } catch (error) {
    await rm(part, { recursive: true })
    return { missing: `npm cannot fetch nsfwjs@${VERSION}: ${(error as Error).message.split('\n')[0]}` }
  }
  const archive = `nsfwjs-${VERSION}.tgz`
  await run('tar', ['xzf', archive], { cwd: part })
  const scripts = join(part, 'package/dist/models/mobilenet_v2')
  const model = (await exported(join(scripts, 'model.min.js'))) as ModelJson
  for (const shard of model.weightsManifest.flatMap(({ paths }) => paths)) {
    const base64 = (await exported(join(scripts, `${shard}.min.js`))) as string
    await writeFile(join(part, shard), Buffer.from(base64, 'base64'))
  }
  await writeFile(join(part, 'model.json'), JSON.stringify(model))
  for (const name of ['package', archive]) await rm(join(part, name), { recursive: true })
  await rename(part, folder)
  return { path }
}
