import { existsSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import * as vscode from 'vscode'
import { openRunFolder, readStoredSpec } from '../../events'
import type { ResolvedSpec } from '../../spec'

/** Opens an image of a run's data; says so when it is gone. */
export async function openImage(run: string, image: string): Promise<void> {
  const path = imagePath(run, image)
  if (path && existsSync(path))
    return void (await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path)))
  void vscode.window.showInformationMessage(
    path ? `${path} is not there any more.` : `${image} is packaged with Thaw; there is no file to open.`,
  )
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
