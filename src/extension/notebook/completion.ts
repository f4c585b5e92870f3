import * as vscode from 'vscode'
import type { Controller } from './controller'

/**
 * Completion of what cells have made, asked of the kernel, beside TypeScript's: values know what types do not say,
 * such as the fields of a parsed file. Names that TypeScript offers too are left to it.
 */
export class KernelCompletion implements vscode.CompletionItemProvider {
  constructor(private readonly controller: Controller) {}

  async provideCompletionItems(document: vscode.TextDocument, position: vscode.Position) {
    const notebook = vscode.workspace.notebookDocuments.find((one) =>
      one.getCells().some((cell) => cell.document === document),
    )
    const kernel = notebook && this.controller.kernels.of(notebook)
    if (!kernel) return []
    const [{ names }, known] = await Promise.all([
      kernel.complete(document.getText(), document.offsetAt(position)),
      namesOfTypes(document.uri, position),
    ])
    return names
      .filter(({ name }) => !known.has(name))
      .map(({ name, kind, detail }) => {
        const { Method, Field } = vscode.CompletionItemKind
        const item = new vscode.CompletionItem(name, kind === 'method' ? Method : Field)
        item.detail = detail
        return item
      })
  }
}

/** What TypeScript offers here; nothing where its extension is off or finds no type. */
async function namesOfTypes(file: vscode.Uri, { line, character }: vscode.Position): Promise<Set<string>> {
  try {
    const answer = await vscode.commands.executeCommand<{ body?: { entries: { name: string }[] } }>(
      'typescript.tsserverRequest',
      'completionInfo',
      { file, line: line + 1, offset: character + 1, triggerCharacter: '.' },
    )
    return new Set(answer?.body?.entries.map(({ name }) => name))
  } catch {
    return new Set()
  }
}
