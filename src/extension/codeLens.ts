import * as vscode from 'vscode'

/** What can be done with a run file, above its first line. */
export class RunLens implements vscode.CodeLensProvider {
  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const top = new vscode.Range(0, 0, 0, 0)
    const lens = (title: string, command: string) =>
      new vscode.CodeLens(top, { title, command, arguments: [document.uri] })
    return [
      lens('$(checklist) Preflight', 'thaw.preflight'),
      lens('$(play) Run', 'thaw.run'),
      ...(/^\s*"tune"\s*:/m.test(document.getText()) ? [lens('$(beaker) Tune', 'thaw.tuneRunFile')] : []),
      lens('$(diff) Compare', 'thaw.compareFile'),
    ]
  }
}
