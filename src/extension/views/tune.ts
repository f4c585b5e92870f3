import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { heavy } from '../load'
import { reached } from '../milestones'
import { log } from '../output'
import { mayRun } from '../trust'
import type { AssetNode } from './assetsView'

const DRAWINGS = 'thaw:noto-drawings'

/** From images to a run file: of a folder, or of the packaged drawings. */
export function registerTune(): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('thaw.tuneFolder', (target?: vscode.Uri | AssetNode) =>
      tuneFolder(target),
    ),
    vscode.commands.registerCommand('thaw.useDrawings', useDrawings),
  ]
}

/** Looks at a folder of images, writes a run file beside it and opens it. */
async function tuneFolder(target?: vscode.Uri | AssetNode): Promise<vscode.Uri | undefined> {
  if (!mayRun()) return undefined
  const given =
    target instanceof vscode.Uri ? target.fsPath : target?.kind === 'asset' ? target.asset.path : undefined
  const folder = given ?? (await chooseImages())
  if (!folder) return undefined
  if (folder === DRAWINGS) return useDrawings()
  // what is opened as a whole keeps its run file inside, where its runs are looked for
  const whole = vscode.workspace.workspaceFolders?.some(({ uri }) => uri.fsPath === folder)
  return writeRunFile(folder, join(whole ? folder : dirname(folder), `${basename(folder)}.thaw.json`))
}

/** Writes a run file for the packaged drawings, for a person who has no images at hand. */
async function useDrawings(): Promise<vscode.Uri | undefined> {
  if (!mayRun()) return undefined
  const folder = await chooseWorkspaceFolder()
  return folder ? writeRunFile(DRAWINGS, join(folder, 'drawings.thaw.json')) : undefined
}

/** In a process of its own, since images are read for it. A run file that is there already is opened as it is. */
async function writeRunFile(source: string, file: string): Promise<vscode.Uri | undefined> {
  const uri = vscode.Uri.file(file)
  if (!existsSync(file)) {
    const name = source === DRAWINGS ? 'the packaged drawings' : basename(source)
    const { code, stderr } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Thaw: looking at ${name}` },
      () =>
        heavy()
          .runCli(['init', source, '--file', file, '--json'], { cwd: dirname(file) })
          .catch((error: Error) => ({ code: 1, stderr: error.message })),
    )
    if (code !== 0) {
      log(stderr)
      const message = stderr.trim() || `${name} could not be read (code ${code})`
      const other = 'Another Folder…'
      void vscode.window
        .showErrorMessage(message, other)
        .then((chosen) => chosen && vscode.commands.executeCommand('thaw.tuneFolder'))
      return undefined
    }
  }
  await vscode.window.showTextDocument(uri)
  void reached('hasRunFile')
  return uri
}

/** Folders of images in the workspace, the packaged drawings, or another folder of this machine. */
async function chooseImages(): Promise<string | undefined> {
  const found = (await heavy().findAssets()).flatMap(({ assets }) =>
    typeof assets === 'function' ? [] : assets.filter(({ kind }) => kind === 'imageFolder'),
  )
  const picked = await vscode.window.showQuickPick(
    [
      ...found.map(({ name, description, path }) => ({ label: name, description, path })),
      { label: 'Another folder…', description: 'with a folder of images for each class', path: undefined },
      { label: 'The packaged drawings', description: 'ten kinds of thing, no images needed', path: DRAWINGS },
    ],
    { placeHolder: 'Images to learn from: a folder that has a folder for each class' },
  )
  if (!picked) return undefined
  return picked.path ?? (await chooseFolder('Fine-Tune on These Images'))
}

/** The workspace's folder, one of several, or, where no folder is open, one of this machine. */
async function chooseWorkspaceFolder(): Promise<string | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? []
  if (folders.length === 1) return folders[0]!.uri.fsPath
  if (folders.length > 1)
    return (await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Where is the run file to lie?' }))
      ?.uri.fsPath
  return chooseFolder('Write the Run File Here')
}

async function chooseFolder(openLabel: string): Promise<string | undefined> {
  const options = { canSelectFiles: false, canSelectFolders: true, openLabel }
  return (await vscode.window.showOpenDialog(options))?.[0]?.fsPath
}
