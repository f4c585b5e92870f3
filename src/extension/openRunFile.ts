import * as vscode from 'vscode'
import { isRunFile } from './runFileName'
import { mayRun } from './trust'

/** Run files of the workspace. */
export const findRunFiles = (): Thenable<vscode.Uri[]> =>
  vscode.workspace.findFiles('**/*.thaw.json', '**/node_modules/**', 200)

/**
 * The run file that a command is meant for: the one it was called on, else the one in front, else the workspace's
 * only one, else one that is chosen. Undefined, once the person has been told why, where there is none.
 * @param asks placeholder of the choice
 */
export async function chooseRunFile(
  asks: string,
  uri?: vscode.Uri,
): Promise<vscode.TextDocument | undefined> {
  if (uri) return vscode.workspace.openTextDocument(uri)
  const inFront = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors].find(
    (editor) => editor && isRunFile(editor.document.uri.path),
  )
  if (inFront) return inFront.document
  const files = await findRunFiles()
  if (files.length === 0) {
    const [folder, drawings] = ['Fine-Tune a Folder…', 'Use the Packaged Drawings']
    const chosen = await vscode.window.showInformationMessage(
      'There is no run file (*.thaw.json) here yet.',
      folder,
      drawings,
    )
    if (chosen)
      await vscode.commands.executeCommand(chosen === folder ? 'thaw.tuneFolder' : 'thaw.useDrawings')
    return undefined
  }
  const items = files.map((file) => ({ label: vscode.workspace.asRelativePath(file), file }))
  const picked =
    items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { placeHolder: asks })
  return picked && vscode.workspace.openTextDocument(picked.file)
}

/**
 * The run file that is to be run or checked, saved; undefined, once the person has been told why, where there is none,
 * where it could not be saved, and where nothing may run.
 */
export async function runnableFile(asks: string, uri?: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  if (!mayRun()) return undefined
  const document = await chooseRunFile(asks, uri)
  if (document && !isRunFile(document.uri.path)) {
    void vscode.window.showErrorMessage('The name of a run file ends in .thaw.json; open one first.')
    return undefined
  }
  // an automatic save may come first, and then there is nothing left to save
  if (document?.isDirty && !(await document.save()) && document.isDirty) {
    void vscode.window.showErrorMessage(`${document.uri.fsPath} could not be saved, so it was not run.`)
    return undefined
  }
  return document
}
