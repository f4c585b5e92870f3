import * as vscode from 'vscode'
import { until, write } from './support'

export const decode = (item: vscode.NotebookCellOutputItem): string => new TextDecoder().decode(item.data)

/** A notebook of TypeScript cells, on disk, open and with our kernel chosen. */
export async function openNotebook(name: string, ...cells: string[]): Promise<vscode.NotebookDocument> {
  const uri = write(`notebook/${name}.thawnb`, {
    v: 1,
    cells: cells.map((text) => ({ kind: 'code', text: text.split('\n') })),
  })
  return showNotebook(uri)
}

export async function showNotebook(uri: vscode.Uri): Promise<vscode.NotebookDocument> {
  const notebook = await vscode.workspace.openNotebookDocument(uri)
  await vscode.window.showNotebookDocument(notebook)
  await vscode.commands.executeCommand('notebook.selectKernel', { id: 'thaw-kernel', extension: 'thaw.thaw' })
  return notebook
}

export const execute = (notebook: vscode.NotebookDocument, start: number, end: number): Thenable<unknown> =>
  vscode.commands.executeCommand('notebook.cell.execute', {
    ranges: [{ start, end }],
    document: notebook.uri,
  })

export const ended = (
  notebook: vscode.NotebookDocument,
  index: number,
  ms = 90_000,
): Promise<vscode.NotebookCell> =>
  until(
    `the end of cell ${index}`,
    () => {
      const cell = notebook.cellAt(index)
      return cell.executionSummary?.timing && cell.executionSummary.success !== undefined && cell
    },
    ms,
  )
