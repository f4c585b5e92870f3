import { existsSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import * as vscode from 'vscode'
import { openRunFolder, readStoredSpec } from '../../events'
import type { ResolvedSpec } from '../../spec'
import type { ToHost } from '../protocol'

type Wanted = Extract<ToHost, { type: 'open' }>['what']

/** Opens what a panel points at; says so when it is gone. */
export async function openBeside(run: string, what: Wanted): Promise<void> {
  if ('run' in what) return void vscode.commands.executeCommand('thaw.openRun', what.run)
  if ('runFolder' in what)
    return void vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(run))
  if ('page' in what) return void vscode.commands.executeCommand('thaw.openPage', what.page)
  if ('image' in what) return openFile(imagePath(run, what.image), what.image)
  const [found] = await vscode.workspace.findFiles('**/*.thaw.json', '**/node_modules/**', 1)
  return openFile(found?.fsPath, 'the run file')
}

/** Where an image of the run's data lies; undefined for packaged data and for paths that lead out of it. */
function imagePath(run: string, image: string): string | undefined {
  const { base, spec } = readStoredSpec<ResolvedSpec>(openRunFolder(run))
  const { source } = spec.data
  if (source.startsWith('thaw:')) return undefined
  const root = isAbsolute(source) ? source : join(base, source)
  const path = resolve(root, image)
  return path.startsWith(resolve(root) + sep) ? path : undefined
}

async function openFile(path: string | undefined, name: string): Promise<void> {
  if (path && existsSync(path))
    return void (await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path)))
  void vscode.window.showInformationMessage(
    path ? `${path} is not there any more.` : `${name} is packaged with Thaw; there is no file to open.`,
  )
}
