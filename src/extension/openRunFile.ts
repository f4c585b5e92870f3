import * as vscode from 'vscode'
import { isRunFile } from './runFileName'

/** Run files of the workspace. */
export const findRunFiles = (): Thenable<vscode.Uri[]> =>
  vscode.workspace.findFiles('**/*.thaw.json', '**/node_modules/**', 200)

/**
 * The run file that a command is meant for: the one it was called on, else the one in front. Undefined, once the person
 * has been told why, where there is none or nothing may run.
 * @param ask what is said where there is none
 */
export async function openRunFile(
  uri: vscode.Uri | undefined,
  ask: string,
): Promise<vscode.TextDocument | undefined> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showErrorMessage('Thaw runs nothing in a workspace you have not trusted.')
    return undefined
  }
  const document = uri
    ? await vscode.workspace.openTextDocument(uri)
    : vscode.window.activeTextEditor?.document
  if (document && isRunFile(document.uri.path)) return document
  void vscode.window.showErrorMessage(ask)
  return undefined
}
