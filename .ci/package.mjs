// Makes the extension's packages: `npm run package [-- TARGET …] [--fetch]`, one .vsix a platform, without a network.
// A package needs its platform's image library (sharp): npm installs only this machine's, so others are made where
// theirs is in .cache/sharp. `--fetch` brings it there through npm, checked against package-lock.json.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './build.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, '.cache', 'sharp')
const LIMIT = 30e6
const json = (file) => JSON.parse(readFileSync(file, 'utf8'))

/** Packages of sharp and folder of webgpu by VS Code's name of a platform. */
export const targets = {
  'linux-x64': { sharp: ['sharp-linux-x64', 'sharp-libvips-linux-x64'], webgpu: 'linux-x64' },
  'linux-arm64': { sharp: ['sharp-linux-arm64', 'sharp-libvips-linux-arm64'], webgpu: 'linux-arm64' },
  // Dawn is built for glibc
  'alpine-x64': { sharp: ['sharp-linuxmusl-x64', 'sharp-libvips-linuxmusl-x64'] },
  'darwin-x64': { sharp: ['sharp-darwin-x64', 'sharp-libvips-darwin-x64'], webgpu: 'darwin-universal' },
  'darwin-arm64': { sharp: ['sharp-darwin-arm64', 'sharp-libvips-darwin-arm64'], webgpu: 'darwin-universal' },
  'win32-x64': { sharp: ['sharp-win32-x64'], webgpu: 'win32-x64' },
  'win32-arm64': { sharp: ['sharp-win32-arm64'], webgpu: 'win32-arm64' },
}

/** The target of the machine that this runs on. */
export const ownTarget = `${process.platform}-${process.arch}`

/** Folder of one of sharp's packages in the version of the lock file; undefined where it is not at hand. */
function folderOf(name) {
  const wanted = lock(name).version
  return [join(root, 'node_modules', '@img', name), join(cache, name, 'package')].find(
    (folder) => existsSync(folder) && json(join(folder, 'package.json')).version === wanted,
  )
}

const locked = json(join(root, 'package-lock.json')).packages
const lock = (name) => locked[`node_modules/@img/${name}`]

/** Through npm, as an install would; what does not have the lock file's hash is not kept. */
function fetchPackage(name) {
  const { version, integrity } = lock(name)
  const folder = join(cache, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  execFileSync(npm, ['pack', `@img/${name}@${version}`, '--pack-destination', folder, '--silent'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [file] = readdirSync(folder)
  const hash = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, file)))
    .digest('base64')}`
  if (hash !== integrity) {
    rmSync(folder, { recursive: true })
    throw new Error(`@img/${name}@${version} has not the hash that package-lock.json tells; it was not kept`)
  }
  execFileSync('tar', ['-xzf', file], { cwd: folder })
  rmSync(join(folder, file))
}

/** A folder with exactly what one platform's package holds. */
function stage(target) {
  const { sharp, webgpu } = targets[target]
  const to = join(root, 'out', 'package', target)
  rmSync(to, { recursive: true, force: true })
  const copy = (from, name = from) =>
    cpSync(join(root, from), join(to, name), { recursive: true, dereference: true })
  for (const name of [
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'NOTICE',
    '.vscodeignore',
    'dist',
    'examples',
    'docs',
  ])
    copy(name)
  for (const name of ['icons', 'schema', 'snippets', 'walkthrough', 'packaged']) copy(`media/${name}`)
  for (const name of ['sharp', '@img/colour', 'detect-libc', 'semver', 'thaw-notebook-cells'])
    copy(`node_modules/${name}`)
  for (const name of sharp)
    cpSync(folderOf(name), join(to, 'node_modules', '@img', name), { recursive: true, dereference: true })
  if (webgpu) {
    for (const name of readdirSync(join(root, 'node_modules/webgpu')).filter((one) =>
      /\.(m?js|json|md)$/.test(one),
    ))
      copy(`node_modules/webgpu/${name}`)
    copy(`node_modules/webgpu/dist/${webgpu}`)
    // DirectX's newer shader compiler is 8 MB packed; without it Dawn takes the older one, which lies beside
    for (const name of readdirSync(join(to, 'node_modules/webgpu/dist', webgpu)))
      if (name.startsWith('dxcompiler')) rmSync(join(to, 'node_modules/webgpu/dist', webgpu, name))
  }
  const manifest = json(join(root, 'package.json'))
  // all else is in the bundles; what stays outside lies beside, and no script is to run at packaging
  const { sharp: version, webgpu: dawn } = manifest.dependencies
  const plugin = 'thaw-notebook-cells'
  manifest.dependencies = { sharp: version, ...(webgpu && { webgpu: dawn }), [plugin]: manifest.version }
  change(join(to, 'node_modules', plugin, 'package.json'), { version: manifest.version })
  // for types and for its own example only
  if (webgpu) change(join(to, 'node_modules/webgpu/package.json'), { dependencies: {} })
  delete manifest.devDependencies
  delete manifest.overrides
  delete manifest.scripts
  writeFileSync(join(to, 'package.json'), JSON.stringify(manifest, null, 2))
  return to
}

/** Sets fields of a JSON file. */
function change(file, fields) {
  writeFileSync(file, JSON.stringify({ ...json(file), ...fields }, null, 2))
}

/** Makes one package. @returns its path */
export function pack(target, folder = root) {
  const { name, version } = json(join(root, 'package.json'))
  const file = join(folder, `${name}-${target}-${version}.vsix`)
  const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce')
  const args = ['package', '--allow-missing-repository', '--no-rewrite-relative-links']
  args.push('--target', target, '--out', file)
  const done = spawnSync(process.execPath, [vsce, ...args], { cwd: stage(target), encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${target}: ${done.stderr.trim() || done.stdout.trim()}`)
  rmSync(join(root, 'out', 'package', target), { recursive: true, force: true })
  const { size } = statSync(file)
  if (size > LIMIT) throw new Error(`${file} has ${(size / 1e6).toFixed(1)} MB, more than ${LIMIT / 1e6}`)
  return file
}

async function main(words) {
  const wanted = words.filter((word) => !word.startsWith('--'))
  const unknown = wanted.filter((target) => !(target in targets))
  if (unknown.length > 0)
    throw new Error(`no target ${unknown.join(', ')}; there are: ${Object.keys(targets).join(', ')}`)
  const chosen = wanted.length > 0 ? wanted : Object.keys(targets)
  const missing = (target) => targets[target].sharp.filter((name) => !folderOf(name))
  if (words.includes('--fetch')) for (const name of new Set(chosen.flatMap(missing))) fetchPackage(name)
  const ready = chosen.filter((target) => missing(target).length === 0)
  await bundle({ quiet: true })
  for (const target of ready) {
    const file = pack(target)
    console.log(`${file}  ${(statSync(file).size / 1e6).toFixed(1)} MB`)
  }
  const left = chosen.filter((target) => !ready.includes(target))
  if (left.length > 0)
    console.log(
      `left out, their image library is not here: ${left.join(', ')}; add --fetch to get it through npm`,
    )
  if (ready.length === 0 || wanted.some((target) => left.includes(target))) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2)).catch((error) => {
    console.error(`package: ${error.message}`)
    process.exitCode = 1
  })
