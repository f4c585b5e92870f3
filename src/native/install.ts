import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  addonInterface,
  isStale,
  nativeFolder,
  readInstall,
  type Flavour,
  type Install,
  type InstallRecord,
} from '../engine/backend/native/find'
import { inTurn } from '../events'
import { addonPath, buildAddons, checkCanBuild } from './build'
import { turns } from './cache'
import { chooseCuda, chooseTensorflow, identify, type TensorflowWheel } from './contents'
import { explain, lacking } from './errors'
import { chooseFetch, hashOf, type Fetch } from './fetch'
import { platformTags, thisPlatform, type Platform } from './platform'
import { cudaBytes, defaultVersion, knownWheels, packageNames } from './releases'
import { needSpace } from './space'
import { tryLoad } from './trial'
import { Wheel, type Choose } from './wheel'

/** Told what goes on. */
export interface Report {
  note(text: string): void
  /** Bytes of a part of the work so far, and in all where that is known. */
  progress(what: string, done: number, total?: number): void
}

export interface InstallOptions {
  flavour: Flavour
  version?: string
  /** Wheels that are there already: TensorFlow's first, then CUDA's in any order. */
  wheels?: readonly string[]
  /** Make it again where it is there. */
  force?: boolean
  /** Folder where fetched wheels stay, to be brought to a machine without a network. */
  keep?: string
  root?: string
  report?: Report
  platform?: Platform
  fetch?: () => Fetch
  /** Makes the addons in the folder and tries them; tests put their own here. */
  build?: (folder: string) => Promise<void>
}

export interface Installed {
  install: Install
  /** It was there before. */
  already: boolean
}

type Work = Required<Omit<InstallOptions, 'version' | 'keep'>> & {
  version?: string
  keep?: string
  tags: readonly string[]
}

/**
 * Installs TensorFlow's libraries into a folder of their own, which appears whole or not at all; one process at a time.
 * @throws UserError that says what is missing
 */
export async function installNative(options: InstallOptions): Promise<Installed> {
  const platform = options.platform ?? thisPlatform()
  const work: Work = {
    wheels: [],
    force: false,
    root: nativeFolder(),
    report: { note: () => {}, progress: () => {} },
    fetch: chooseFetch,
    build: buildAndTry,
    ...options,
    platform,
    tags: platformTags(options.flavour, platform),
  }
  const { root, report } = work
  try {
    const there = await present(work)
    if (there && !isStale(there)) return { install: there, already: true }
    if (!options.build) checkCanBuild()
    mkdirSync(root, { recursive: true })
    const waiting = (pid?: number) =>
      report.note(`another process${pid ? ` (${pid})` : ''} is installing; this one waits for it`)
    return await inTurn(
      turns(root),
      async () => {
        const meanwhile = await present(work)
        if (meanwhile && !isStale(meanwhile)) return { install: meanwhile, already: true }
        if (meanwhile) return { install: await refresh(meanwhile, work), already: false }
        clean(root)
        return { install: await make(work), already: false }
      },
      { every: 200, waiting },
    )
  } catch (error) {
    throw explain(error, root)
  }
}

/** The install that is asked for, where it is there and need not be made again. */
async function present({ wheels, flavour, version, root, tags, force }: Work): Promise<Install | undefined> {
  const named = wheels[0] === undefined ? undefined : await withWheel(wheels[0], (one) => identify(one, tags))
  if (named && named.flavour !== flavour)
    throw lacking(
      flavour === 'cuda12'
        ? `${wheels[0]} is for the processor alone; give a wheel of tensorflow, or leave --cuda out`
        : `${wheels[0]} is TensorFlow for CUDA; add --cuda, or give a wheel of tensorflow-cpu`,
    )
  if (named && version && named.version !== version)
    throw lacking(`${wheels[0]} is version ${named.version}, not ${version}; leave --version out`)
  return force ? undefined : readInstall(target(root, named?.version ?? version ?? defaultVersion, flavour))
}

/**
 * Makes the addon of a whole install again for this version of Thaw, out of what lies in its folder. A run that goes
 * on meanwhile keeps the file that it has loaded.
 */
async function refresh(install: Install, { report, build }: Work): Promise<Install> {
  report.note('making the addon between Node and TensorFlow again for this version of Thaw')
  await build(install.folder)
  const { folder, ...record } = { ...install, addon: addonPath, interface: addonInterface }
  const file = join(folder, `.install-${process.pid}.json`)
  writeFileSync(file, JSON.stringify(record))
  renameSync(file, join(folder, 'install.json'))
  return { ...record, folder }
}

const target = (root: string, version: string, flavour: Flavour): string =>
  join(root, `tensorflow-${version}-${flavour}`)

async function make(work: Work): Promise<Install> {
  const { root, flavour, report, tags } = work
  const making = join(root, `.making-${process.pid}`)
  const downloads = work.keep ?? join(root, '.downloads')
  try {
    const file = work.wheels[0] ?? (await fetchTensorflow(work, downloads))
    await checkKnown(file)
    const found = await withWheel(file, async (wheel) => {
      const identified = await identify(wheel, tags)
      const more = flavour === 'cuda12' ? cudaBytes.packed / 4 + cudaBytes.unpacked : 0
      needSpace(root, wheel.bytes(chooseTensorflow) + more)
      await extract(wheel, chooseTensorflow, making, report)
      return identified
    })
    if (flavour === 'cuda12') await addCuda(work, found, downloads, making)
    report.note('making the addon between Node and TensorFlow')
    await work.build(making)
    const record: InstallRecord = {
      format: 1,
      version: found.version,
      flavour,
      platform: `${work.platform.platform}-${work.platform.arch}`,
      addon: addonPath,
      interface: addonInterface,
      wheel: basename(file),
      installed: new Date().toISOString(),
    }
    writeFileSync(join(making, 'install.json'), JSON.stringify(record))
    const folder = target(root, found.version, flavour)
    replaceFolder(making, folder, join(root, `.old-${process.pid}`))
    if (!work.keep) rmSync(downloads, { recursive: true, force: true })
    return { ...record, folder }
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

function fetchTensorflow(work: Work, folder: string): Promise<string> {
  const { flavour, root, tags, report, fetch } = work
  const version = work.version ?? defaultVersion
  const name = packageNames[flavour]
  const known = knownWheels.find((one) => one.file.startsWith(`${name.replaceAll('-', '_')}-${version}-`))
  needSpace(
    root,
    (known ? known.bytes + known.unpacked : 0) + (flavour === 'cuda12' ? cudaBytes.unpacked : 0),
  )
  const progress = (done: number, total = known?.bytes) => report.progress(`fetching ${name}`, done, total)
  return fetch()({ name, specifier: `==${version}`, tags, folder, progress })
}

/** CUDA's wheels one by one, so that no two lie packed on the disk at a time. */
async function addCuda(work: Work, found: TensorflowWheel, downloads: string, making: string): Promise<void> {
  const given = work.wheels.slice(1)
  for (const requirement of found.cuda) {
    const [, name = '', specifier = ''] = /^([\w.-]+?)(?:\[.*\])?([<>=!~].*)?$/.exec(requirement) ?? []
    const progress = (done: number, total?: number) => work.report.progress(`fetching ${name}`, done, total)
    const start = `${name.replaceAll(/[-.]/g, '_')}-`
    const own = given.find((file) => basename(file).toLowerCase().startsWith(start))
    // they are built for older systems than TensorFlow: every tag of this machine's kind will do
    const tags = [...work.tags, ...cudaTags]
    const file = own ?? (await work.fetch()({ name, specifier, tags, folder: downloads, progress }))
    await withWheel(file, (wheel) => extract(wheel, chooseCuda, making, work.report))
    if (!own && !work.keep) rmSync(file, { force: true })
  }
}

const cudaTags = ['manylinux_2_17_x86_64', 'manylinux1_x86_64', 'manylinux2010_x86_64']

async function withWheel<T>(file: string, use: (wheel: Wheel) => Promise<T>): Promise<T> {
  const wheel = await Wheel.open(file)
  try {
    return await use(wheel)
  } finally {
    wheel.close()
  }
}

function extract(wheel: Wheel, choose: Choose, folder: string, report: Report): Promise<void> {
  const total = wheel.bytes(choose)
  return wheel.extract(choose, folder, (done) =>
    report.progress(`unpacking ${basename(wheel.file)}`, done, total),
  )
}

/** The default version's wheel must be the one that Thaw was tried with, wherever it came from. */
async function checkKnown(file: string): Promise<void> {
  const known = knownWheels.find((one) => one.file === basename(file))
  if (!known || (await hashOf(file)) === known.sha256) return
  throw lacking(
    `${file} is not the wheel of that name that Thaw was tried with (its sha256 differs); fetch it again`,
  )
}

async function buildAndTry(folder: string): Promise<void> {
  await buildAddons(folder)
  const { ok, detail } = tryLoad(folder, addonPath)
  if (!ok) throw lacking(`what was made of the wheel does not load: ${detail}; nothing was installed`)
}

/** Two renames: between them there is no install, never half of one. */
function replaceFolder(from: string, to: string, old: string): void {
  try {
    renameSync(to, old)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  renameSync(from, to)
  rmSync(old, { recursive: true, force: true })
}

/** Removes what processes left that ended midway; only the one whose turn it is may. */
function clean(root: string): void {
  for (const name of readdirSync(root))
    if (/^\.(making|old)-/.test(name)) rmSync(join(root, name), { recursive: true, force: true })
}
