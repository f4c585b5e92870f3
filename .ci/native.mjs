// Native TensorFlow for the suites that train on it, fetched once from pip's index. The wheel stays in .cache/wheels,
// where the process suite finds it for an install of its own. Without a network these tests are left out, except in CI.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './build.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const wheels = join(root, '.cache', 'wheels')

export async function installNative() {
  await bundle({ quiet: true })
  const kept = existsSync(wheels) ? readdirSync(wheels).filter((name) => name.endsWith('.whl')) : []
  // made again where the wheel is not kept yet, so that it is
  const more =
    kept.length > 0
      ? kept.slice(0, 1).map((name) => `--wheel=${join(wheels, name)}`)
      : ['--force', `--keep=${wheels}`]
  const { status } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), 'native', 'install', ...more], {
    stdio: 'inherit',
  })
  if (status !== 0)
    console.error('native TensorFlow was not installed: its tests are left out, or fail in CI')
}
