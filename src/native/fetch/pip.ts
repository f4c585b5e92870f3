import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { satisfies } from '@renovatebot/pep440'
import { lacking, offline } from '../errors'
import { pythonTags } from '../releases'
import type { Fetch, WheelRequest } from './types'

/** Command and first arguments of a pip. */
export type Pip = readonly [command: string, ...args: string[]]

/** The first pip that answers; undefined where there is none. */
export function findPip(env: NodeJS.ProcessEnv = process.env): Pip | undefined {
  const candidates: Pip[] = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']]
  return candidates.find(
    ([command, ...args]) =>
      spawnSync(command, [...args, '--version'], { env, stdio: 'ignore', timeout: 30_000 }).status === 0,
  )
}

/**
 * Fetches through pip, which knows this machine's mirrors, proxies and certificates and checks the index's hash.
 * No Python of ours runs, and pip installs nothing.
 */
export function fetchWithPip(pip: Pip, env: NodeJS.ProcessEnv = process.env): Fetch {
  return async (request) => {
    let said = ''
    for (const tag of pythonTags) {
      const done = await download(pip, tag, request, env)
      if (done.code === 0) return fetched(request)
      said = done.text
      if (!/No matching distribution|Could not find a version/.test(said) || isUnreachable(said)) break
    }
    throw failure(request, said)
  }
}

async function download(pip: Pip, tag: string, request: WheelRequest, env: NodeJS.ProcessEnv) {
  const { folder, name, specifier, tags, progress } = request
  const [command, ...first] = pip
  // pip writes there first: watching it grow is the only progress that every version of pip has
  const temporary = join(folder, 'pip')
  mkdirSync(temporary, { recursive: true })
  const args = [
    ...first,
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--no-cache-dir',
    '--progress-bar=off',
    '--disable-pip-version-check',
    '--no-input',
    `--dest=${folder}`,
    '--implementation=cp',
    `--python-version=${tag.slice(2, 3)}.${tag.slice(3)}`,
    ...tags.map((platform) => `--platform=${platform}`),
    `${name}${specifier}`,
  ]
  const child = spawn(command, args, {
    env: { ...env, TMPDIR: temporary, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  const timer = setInterval(() => progress(largest(temporary)), 200)
  try {
    const code = await new Promise<number>((resolve) => {
      child.on('error', (error) => {
        text += error.message
        resolve(-1)
      })
      child.on('close', (status) => resolve(status ?? -1))
    })
    return { code, text }
  } finally {
    clearInterval(timer)
    rmSync(temporary, { recursive: true, force: true })
  }
}

function largest(folder: string): number {
  try {
    return Math.max(
      0,
      ...readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, String(name))).size),
    )
  } catch {
    // pip renames and removes meanwhile
    return 0
  }
}

/** The folder may hold other wheels too, which an earlier try left or a user keeps there. */
function fetched({ folder, name, specifier }: WheelRequest): string {
  const wheels = readdirSync(folder)
    .filter((file) => {
      const [distribution = '', version = ''] = file.split('-')
      const same = distribution.toLowerCase() === name.toLowerCase().replaceAll(/[-.]/g, '_')
      return file.endsWith('.whl') && same && satisfies(version, specifier)
    })
    .map((file) => join(folder, file))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  if (!wheels[0]) throw lacking('pip ended well but left no wheel; try again, or give one with --wheel FILE')
  return wheels[0]
}

const isUnreachable = (text: string): boolean =>
  /NewConnectionError|Max retries exceeded|Temporary failure in name resolution|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Could not fetch URL/.test(
    text,
  )

function failure({ name, specifier }: WheelRequest, text: string): Error {
  const wheel = `the wheel of ${name}${specifier}`
  const last = text
    .trim()
    .split('\n')
    .filter((line) => /^ERROR|^\S*Error/.test(line))
    .at(-1)
    ?.replace(/^ERROR: /, '')
  if (/No space left on device/.test(text))
    return lacking(`the disk became full while pip fetched ${wheel}; free some space, or set THAW_NATIVE_DIR`)
  if (isUnreachable(text))
    return lacking(`pip cannot reach its package index (${last ?? 'no answer'}); ${offline(wheel)}`)
  if (/THESE PACKAGES DO NOT MATCH THE HASHES/.test(text))
    return lacking(`what pip fetched of ${name} is not what the index says; try again`)
  if (/No matching distribution|Could not find a version/.test(text))
    return lacking(`the package index has no ${name}${specifier} for this machine; write another --version`)
  return lacking(
    `pip could not fetch ${wheel}: ${last ?? (text.trim().slice(-300) || 'it ended without a word')}`,
  )
}
