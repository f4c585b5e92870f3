import { basename, dirname } from 'node:path'
import * as vscode from 'vscode'
import type { KernelHost, KernelHostEvents } from '../../notebook/kernelHost'
import { heavy } from '../load'
import { log } from '../output'

export const isThawNotebook = (notebook: vscode.NotebookDocument): boolean =>
  notebook.notebookType === 'thawnb'

/** The Thaw notebook in front, if any. */
export const activeNotebook = (): vscode.NotebookDocument | undefined => {
  const notebook = vscode.window.activeNotebookEditor?.notebook
  return notebook && isThawNotebook(notebook) ? notebook : undefined
}

/** `cell 3`: as people count code cells, from 1. */
export const labelOf = (cell: vscode.NotebookCell): string => `cell ${cell.index + 1}`

export const keyOf = (cell: vscode.NotebookCell): string => cell.document.uri.toString()

/** One kernel a notebook, made at its first cell, gone with its notebook. */
export class Kernels implements vscode.Disposable {
  private readonly hosts = new Map<vscode.NotebookDocument, KernelHost>()
  private readonly closing = vscode.workspace.onDidCloseNotebookDocument((notebook) => {
    void this.hosts.get(notebook)?.close()
    this.hosts.delete(notebook)
  })

  constructor(private readonly events: (notebook: vscode.NotebookDocument) => KernelHostEvents) {}

  /** The kernel that there is, if any. */
  of(notebook: vscode.NotebookDocument): KernelHost | undefined {
    return this.hosts.get(notebook)
  }

  /** @throws UserError when no Node can be used */
  async get(notebook: vscode.NotebookDocument): Promise<KernelHost> {
    const { KernelHost, readyNode, startKernel } = heavy()
    await readyNode()
    const known = this.hosts.get(notebook)
    if (known) return known
    const folder = vscode.workspace.getWorkspaceFolder(notebook.uri) ?? vscode.workspace.workspaceFolders?.[0]
    const base = notebook.isUntitled ? (folder?.uri.fsPath ?? process.cwd()) : dirname(notebook.uri.fsPath)
    const host = new KernelHost(
      startKernel({ base, name: basename(notebook.uri.fsPath), log }),
      this.events(notebook),
    )
    this.hosts.set(notebook, host)
    return host
  }

  dispose(): void {
    this.closing.dispose()
    for (const host of this.hosts.values()) void host.close()
  }
}
