import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { digestOf } from './digest'
import { classFolders, temporaryFolder, writeFolder } from './folder'

const root = join(__dirname, '../../..')

test('another process gives the same batches, bit for bit, with a cache on disk or without', async () => {
  const folder = writeFolder(await classFolders({ a: 6, b: 7, c: 5 }))
  const cache = join(temporaryFolder(), 'cache')
  const fresh = await digestOf(folder, {})
  const views = await digestOf(folder, { views: 2 })
  expect(views).not.toBe(fresh)
  expect(await digestOf(folder, { cache })).toBe(fresh)

  const bundle = join(temporaryFolder(), 'program.cjs')
  const program = `
    import { digestOf } from './digest'
    const [folder, cache] = process.argv.slice(2)
    const variants = [{}, { views: 2 }, { cache }, { cache, views: 2 }]
    Promise.all(variants.map((one) => digestOf(folder, one))).then((all) => console.log(JSON.stringify(all)))
  `
  await build({
    stdin: { contents: program, resolveDir: __dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['sharp'],
    outfile: bundle,
    logLevel: 'error',
  })
  const env = { ...process.env, NODE_PATH: join(root, 'node_modules') }
  const output = execFileSync(process.execPath, [bundle, folder, cache], { env, encoding: 'utf8' })
  expect(JSON.parse(output)).toEqual([fresh, views, fresh, views])
})
