import { dirname, relative, sep } from 'node:path'
import * as vscode from 'vscode'
import { heavy } from '../load'
import { chooseRunFile } from '../openRunFile'
import type { Asset } from './assets'
import type { AssetNode, AssetsView } from './assetsView'
import type { StrategyNode } from './strategiesView'

/** Pages of the docs; strategies, networks and images put into run files. */
export function registerAssetCommands(extension: vscode.Uri, assets: AssetsView): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('thaw.assets.refresh', () => assets.refresh()),
    vscode.commands.registerCommand('thaw.openPage', (page: string) => openPage(extension, page)),
    vscode.commands.registerCommand('thaw.useStrategy', (node?: StrategyNode | string) => useStrategy(node)),
    vscode.commands.registerCommand('thaw.useAsset', (node?: AssetNode) =>
      node?.kind === 'asset' ? useAsset(node.asset) : undefined,
    ),
    vscode.commands.registerCommand('thaw.copyAssetPath', (node?: AssetNode) =>
      node?.kind === 'asset' ? vscode.env.clipboard.writeText(node.asset.path ?? node.asset.name) : undefined,
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
  await setField(['strategy'], () => name)
}

/** Names a network or images in a run file. */
async function useAsset({ kind, name, path }: Asset): Promise<void> {
  const field = kind === 'packagedModel' || kind === 'modelFile' ? 'model' : 'data'
  await setField([field, 'source'], (base) => (path ? relative(base, path).split(sep).join('/') : name))
}

/** @param value what is written, from the run file's folder */
async function setField(path: string[], value: (base: string) => string): Promise<void> {
  const document = await chooseRunFile('Into which run file?')
  if (!document) return
  const edits = heavy().editsFor(document.getText(), path, value(dirname(document.uri.fsPath)))
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
