import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { heavy } from '../load'
import { findRunFiles } from '../openRunFile'
import { log } from '../output'
import { isRunFile } from '../runFileName'
import type { AssetNode, AssetsView } from './assetsView'
import type { StrategyNode } from './strategiesView'

/** Pages of the docs, run files from folders, and strategies put into run files. */
export function registerAssetCommands(extension: vscode.Uri, assets: AssetsView): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('thaw.assets.refresh', () => assets.refresh()),
    vscode.commands.registerCommand('thaw.openPage', (page: string) => openPage(extension, page)),
    vscode.commands.registerCommand('thaw.useStrategy', (node?: StrategyNode | string) => useStrategy(node)),
    vscode.commands.registerCommand('thaw.tuneFolder', (target?: vscode.Uri | AssetNode) =>
      tuneFolder(target),
    ),
  ]
}

async function openPage(extension: vscode.Uri, page: string): Promise<void> {
  if (!/^[\w/-]+$/.test(page)) return
  const uri = vscode.Uri.joinPath(extension, 'docs', `${page}.md`)
  await vscode.commands.executeCommand('markdown.showPreview', uri)
}

/** Sets `strategy` of the run file in front, or of one that is chosen. */
async function useStrategy(node?: StrategyNode | string): Promise<void> {
  const name =
    typeof node === 'string'
      ? node
      : node?.kind === 'strategy'
        ? node.meta.name
        : (
            await vscode.window.showQuickPick(
              heavy().catalog.map((meta) => ({ label: meta.name, description: meta.title })),
            )
          )?.label
  if (!name) return
  const document = await chooseRunFile()
  if (!document) return
  const edits = heavy().editsFor(document.getText(), ['strategy'], name)
  const edit = new vscode.WorkspaceEdit()
  for (const { offset, length, content } of edits)
    edit.replace(
      document.uri,
      new vscode.Range(document.positionAt(offset), document.positionAt(offset + length)),
      content,
    )
  await vscode.workspace.applyEdit(edit)
  await vscode.window.showTextDocument(document)
}

async function chooseRunFile(): Promise<vscode.TextDocument | undefined> {
  const front = vscode.window.activeTextEditor?.document
  if (front && isRunFile(front.uri.path)) return front
  const files = await findRunFiles()
  if (files.length === 0) {
    const chosen = await vscode.window.showInformationMessage(
      'There is no run file (*.thaw.json) here yet.',
      'Fine-Tune a Folder…',
    )
    if (chosen) await vscode.commands.executeCommand('thaw.tuneFolder')
    return undefined
  }
  const picked =
    files.length === 1
      ? files[0]!
      : (
          await vscode.window.showQuickPick(
            files.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri })),
            { placeHolder: 'Into which run file?' },
          )
        )?.uri
  return picked && vscode.workspace.openTextDocument(picked)
}

/** Looks at a folder of images in a process of its own, writes a run file beside it and opens it. */
async function tuneFolder(target?: vscode.Uri | AssetNode): Promise<void> {
  if (!vscode.workspace.isTrusted)
    return void vscode.window.showErrorMessage('Thaw reads no data in a workspace you have not trusted.')
  const given =
    target instanceof vscode.Uri ? target.fsPath : target?.kind === 'asset' ? target.asset.path : undefined
  const folder = given ?? (await chooseFolder())
  if (!folder) return
  const file = join(dirname(folder), `${basename(folder)}.thaw.json`)
  const { code, stderr } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Thaw: looking at ${basename(folder)}` },
    () => heavy().runCli(['init', folder, '--file', file, '--json'], { cwd: dirname(folder) }),
  )
  if (code !== 0 && !stderr.includes('is there already')) {
    log(stderr)
    return void vscode.window.showErrorMessage(stderr.trim() || `the folder could not be read (code ${code})`)
  }
  await vscode.window.showTextDocument(vscode.Uri.file(file))
}

async function chooseFolder(): Promise<string | undefined> {
  const known = (await heavy().findAssets()).flatMap(({ assets }) =>
    assets.filter(({ kind }) => kind === 'imageFolder'),
  )
  const other = 'Another folder…'
  const picked =
    known.length === 0
      ? other
      : (
          await vscode.window.showQuickPick(
            [...known.map(({ name, description }) => ({ label: name, description })), { label: other }],
            { placeHolder: 'A folder that has a folder of images for each class' },
          )
        )?.label
  if (picked === undefined) return undefined
  const found = known.find(({ name }) => name === picked)
  if (found) return found.path
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: 'Fine-tune on these images',
    })) ?? []
  return chosen?.fsPath
}
