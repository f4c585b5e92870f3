import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { packagedSets } from '../../engine/data/source'

export interface Asset {
  kind: 'packagedModel' | 'modelFile' | 'packagedData' | 'imageFolder'
  /** As it is written in a run file, or shown. */
  name: string
  description?: string
  detail?: string
  /** Absolute, of what lies on the disk. */
  path?: string
}

export interface AssetGroup {
  title: string
  assets: Asset[]
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
  ].filter(({ assets }) => assets.length > 0)
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
