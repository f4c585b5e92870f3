import * as vscode from 'vscode'

/** `Run` above the first line of a run file. */
export class RunLens implements vscode.CodeLensProvider {
  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const top = new vscode.Range(0, 0, 0, 0)
    return [
      new vscode.CodeLens(top, { title: '$(play) Run', command: 'thaw.run', arguments: [document.uri] }),
    ]
  }
}
