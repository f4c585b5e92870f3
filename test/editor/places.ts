import * as vscode from 'vscode'
import { runSuites } from './mocha'

/** Called by the editor, in a window on a folder that is not trusted, on several folders, or on none. */
export function run(): Promise<void> {
  const { isTrusted, workspaceFile, workspaceFolders } = vscode.workspace
  const place = !isTrusted ? 'untrusted' : workspaceFile ? 'several' : workspaceFolders ? 'one' : 'none'
  return runSuites(`${process.env.THAW_TEST_REPORT ?? 'editor.json'}.${place}`, async () => {
    if (place === 'untrusted') await import('./untrusted.test')
    if (place === 'several') await import('./severalFolders.test')
    if (place === 'none') await import('./noFolder.test')
  })
}
