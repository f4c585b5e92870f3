import * as vscode from 'vscode'
import type { NotebookOrder } from '../../tsserver/notebooks'

const PLUGIN = 'thaw-notebook-cells'

/** What TypeScript's extension gives others (its API of version 0). */
interface TypeScriptExtension {
  getAPI(version: 0): { configurePlugin(plugin: string, configuration: NotebookOrder): void } | undefined
}

/** Tells TypeScript's server which cells stand above which, so that types flow down a notebook. */
export class CellOrder implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[]
  private sent = ''

  constructor() {
    this.subscriptions = [
      vscode.workspace.onDidOpenNotebookDocument(() => void this.send()),
      vscode.workspace.onDidCloseNotebookDocument(() => void this.send()),
      vscode.workspace.onDidChangeNotebookDocument(({ contentChanges }) => {
        if (contentChanges.length > 0) void this.send()
      }),
    ]
    void this.send()
  }

  dispose(): void {
    for (const one of this.subscriptions) one.dispose()
  }

  private async send(): Promise<void> {
    const notebooks = vscode.workspace.notebookDocuments
      .filter(({ notebookType }) => notebookType === 'thawnb')
      .map((notebook) =>
        notebook
          .getCells()
          .filter(({ document }) => document.languageId === 'typescript')
          .map(({ document: { uri } }) => `${uri.path}#${uri.fragment}`),
      )
    const text = JSON.stringify(notebooks)
    if (text === this.sent) return
    this.sent = text
    const extension = vscode.extensions.getExtension<TypeScriptExtension>(
      'vscode.typescript-language-features',
    )
    // a person may have switched it off; the kernel's own completion is left then
    const api = await extension?.activate().then((one) => one.getAPI(0))
    api?.configurePlugin(PLUGIN, { notebooks })
  }
}
