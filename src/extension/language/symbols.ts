import * as vscode from 'vscode'
import { outlineOf } from './outline'

const kinds = { phase: vscode.SymbolKind.Event, action: vscode.SymbolKind.Key }

/** What happens in a run, in its order; the fields themselves are told by the editor's own JSON support. */
export const runSymbols: vscode.DocumentSymbolProvider = {
  provideDocumentSymbols: (document) =>
    outlineOf(document.getText()).map(({ name, detail, kind, offset, length }) => {
      const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length))
      return new vscode.DocumentSymbol(name, detail, kinds[kind], range, range)
    }),
}
