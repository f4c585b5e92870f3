import * as vscode from 'vscode'

/** Said wherever something would run, write or read images in a workspace that is not trusted. */
export const UNTRUSTED =
  'This workspace is not trusted, so Thaw shows what is there and runs nothing. Trust it to go on.'

/** False, once the person has been told why and how to change it, in a workspace that is not trusted. */
export function mayRun(): boolean {
  if (vscode.workspace.isTrusted) return true
  const manage = 'Manage Workspace Trust'
  void vscode.window
    .showWarningMessage(UNTRUSTED, manage)
    .then((chosen) => chosen && vscode.commands.executeCommand('workbench.trust.manage'))
  return false
}
