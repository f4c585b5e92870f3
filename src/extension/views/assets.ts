import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { packagedSets } from '../../engine/data/source'
import { runCli } from '../cli'
import { findRunsFolders } from '../workspaceRuns'

export interface Asset {
  kind: 'packagedModel' | 'modelFile' | 'packagedData' | 'imageFolder' | 'backend' | 'missingNative' | 'cache'
  /** As it is written in a run file, or shown. */
  name: string
  description?: string
  detail?: string
  /** Absolute, of what lies on the disk. */
  path?: string
  /** It cannot be used here; `detail` says why. */
  missing?: boolean
}

export interface AssetGroup {
  title: string
  /** What is in it; a function where finding out takes a process, so that it is asked only once it is opened. */
  assets: Asset[] | (() => Promise<Asset[]>)
}

const IMAGES = '**/*.{jpg,jpeg,png,webp,gif,bmp,tif,tiff,JPG,JPEG,PNG}'
const MODELS = '**/{*.safetensors,*.keras,model.json}'
const IGNORED = '**/{node_modules,.thaw,.git,.venv,venv}/**'

/** More images than this are not looked at to find folders. */
const MOST_IMAGES = 5000

/** Everything that a run file could name. */
export async function findAssets(media = mediaBeside()): Promise<AssetGroup[]> {
  const [models, folders] = await Promise.all([modelFiles(), imageFolders()])
  return [
    { title: 'Networks in the package', assets: packagedNetworks(media) },
    { title: 'Model files in the workspace', assets: models },
    { title: 'Images in the workspace', assets: folders },
    { title: 'Images in the package', assets: packagedImages(media) },
    { title: 'Back ends', assets: backends },
    { title: 'Kept by runs', assets: caches },
  ].filter(({ assets }) => assets.length > 0)
}

/** What this machine computes with, asked in a process of its own. */
async function backends(): Promise<Asset[]> {
  const found = await askCli<{ name: string; works: boolean; detail: string }[]>(['ls', 'backends', '--json'])
  return found.map(({ name, works, detail }) => ({
    kind: name === 'native' && !works ? 'missingNative' : 'backend',
    name,
    // why it does not work begins with its name, which stands there already
    description: works ? detail : 'not here',
    detail,
    missing: !works,
  }))
}

/** What runs of each folder keep instead of computing it again. */
async function caches(): Promise<Asset[]> {
  const roots = (await findRunsFolders()).filter((root) => existsSync(root))
  const found = await Promise.all(
    roots.map(async (root): Promise<Asset[]> => {
      type Part = { name: string; files: number; bytes: number }
      const { folder, parts, bytes } = await askCli<{ folder: string; parts: Part[]; bytes: number }>([
        'cache',
        'ls',
        '--json',
        '--runs',
        root,
      ])
      if (bytes === 0) return []
      const detail = parts.map(({ name, files, bytes }) => `${name}: ${files} files, ${megabytes(bytes)}`)
      const name = vscode.workspace.asRelativePath(dirname(dirname(root)))
      return [{ kind: 'cache', name, description: megabytes(bytes), detail: detail.join('\n'), path: folder }]
    }),
  )
  return found.flat()
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`

async function askCli<T>(args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runCli(args)
  if (code !== 0) throw new Error(stderr.trim() || `thaw ${args[0]} ended with code ${code}`)
  return JSON.parse(stdout) as T
}

/** `media/packaged` beside the bundle. */
function mediaBeside(): string {
  const beside = join(__dirname, '..', 'media', 'packaged')
  return existsSync(beside) ? beside : join(__dirname, '..', '..', '..', 'media', 'packaged')
}

function packagedNetworks(media: string): Asset[] {
  const folder = join(media, 'network')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((file) => {
      const { title, license, source } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<
        string,
        string
      >
      const detail = [title, source, license].filter(Boolean).join('\n')
      return { kind: 'packagedModel', name: `thaw:${file.slice(0, -5)}`, description: title, detail }
    })
}

function packagedImages(media: string): Asset[] {
  return Object.entries(packagedSets)
    .filter(([, folder]) => existsSync(join(media, '..', folder)))
    .map(([name]) => ({ kind: 'packagedData', name: `thaw:${name}` }))
}

async function modelFiles(): Promise<Asset[]> {
  const found = await vscode.workspace.findFiles(MODELS, IGNORED, 200)
  return found.map(({ fsPath }) => ({
    kind: 'modelFile',
    name: vscode.workspace.asRelativePath(fsPath),
    description: fsPath.endsWith('model.json') ? 'tfjs or Keras' : undefined,
    path: fsPath,
  }))
}

/** Folders that have a folder per class: the grandparents of images. */
async function imageFolders(): Promise<Asset[]> {
  const images = await vscode.workspace.findFiles(IMAGES, IGNORED, MOST_IMAGES)
  const classes = new Map<string, Set<string>>()
  for (const { fsPath } of images) {
    const folder = dirname(fsPath)
    let root = dirname(folder)
    if (['train', 'val', 'test', 'valid', 'validation'].includes(basename(root))) root = dirname(root)
    if (!vscode.workspace.getWorkspaceFolder(vscode.Uri.file(root))) continue
    const names = classes.get(root) ?? new Set()
    names.add(basename(folder))
    classes.set(root, names)
  }
  return [...classes]
    .filter(([, names]) => names.size > 1)
    .map(([path, names]) => ({
      kind: 'imageFolder',
      name: vscode.workspace.asRelativePath(path),
      description: `${names.size} classes`,
      path,
    }))
}
