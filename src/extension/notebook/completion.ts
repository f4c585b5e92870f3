import * as vscode from 'vscode'
import type { Controller } from './controller'

/** Completion of what cells have made, asked of the kernel; inside one cell TypeScript's own service answers. */
export class KernelCompletion implements vscode.CompletionItemProvider {
  constructor(private readonly controller: Controller) {}

  async provideCompletionItems(document: vscode.TextDocument, position: vscode.Position) {
    const notebook = vscode.workspace.notebookDocuments.find((one) =>
      one.getCells().some((cell) => cell.document === document),
    )
    const kernel = notebook && this.controller.kernelOf(notebook)
    if (!kernel) return []
    const { names } = await kernel.complete(document.getText(), document.offsetAt(position))
    return names.map(({ name, kind, detail }) => {
      const { Method, Field } = vscode.CompletionItemKind
      const item = new vscode.CompletionItem(name, kind === 'method' ? Method : Field)
      item.detail = detail
      return item
    })
  }
}
