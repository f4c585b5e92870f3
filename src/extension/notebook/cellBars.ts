import * as vscode from 'vscode'
import type { ExecuteResult } from '../../notebook/protocol'
import { heavy } from '../load'
import type { Controller } from './controller'
import { isThawNotebook, keyOf, labelOf } from './kernels'
import { mentionsOf, namesOfJson, staleReasons, type CellFacts } from './stale'

interface Known {
  order: number
  text: string
  kernel: number
  result?: ExecuteResult
}

/** What stands below each cell: what its run did, and whether its result still follows from the cells above. */
export class CellBars implements vscode.NotebookCellStatusBarItemProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeCellStatusBarItems = this.changed.event
  private readonly runs = new Map<string, Known>()
  /** Kernel processes of a notebook, counted; those that are gone have taken their values along. */
  private readonly lives = new WeakMap<vscode.NotebookDocument, { pid?: number; count: number }>()
  private readonly names = new Map<string, Pick<CellFacts, 'declares' | 'mentions'> & { text: string }>()
  private readonly subscriptions: vscode.Disposable[]

  constructor(private readonly controller: Controller) {
    this.subscriptions = [
      vscode.notebooks.registerNotebookCellStatusBarItemProvider('thawnb', this),
      controller.onNews(({ notebook, cell }) => {
        const kernel = this.life(notebook)
        if (cell) this.runs.set(cell.key, { ...cell, kernel })
        this.changed.fire()
      }),
      vscode.workspace.onDidChangeNotebookDocument(({ notebook }) => {
        if (isThawNotebook(notebook)) this.changed.fire()
      }),
      vscode.workspace.onDidCloseNotebookDocument((notebook) => {
        for (const cell of notebook.getCells())
          for (const map of [this.runs, this.names]) map.delete(keyOf(cell))
      }),
    ]
  }

  dispose(): void {
    for (const one of [...this.subscriptions, this.changed]) one.dispose()
  }

  provideCellStatusBarItems(cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
    const known = this.runs.get(keyOf(cell))
    if (!known) return []
    const left = vscode.NotebookCellStatusBarAlignment.Left
    const items: vscode.NotebookCellStatusBarItem[] = []
    if (known.result?.note) items.push(new vscode.NotebookCellStatusBarItem(known.result.note, left))
    const reason = this.staleOf(cell.notebook).get(keyOf(cell))
    if (reason !== undefined) {
      const item = new vscode.NotebookCellStatusBarItem(`$(warning) stale: ${reason}`, left)
      item.tooltip = 'Its result no longer follows from the cells above. Click to run the stale cells again.'
      item.command = {
        title: 'Run Stale Cells',
        command: 'thaw.notebook.runStale',
        arguments: [cell.notebook.uri],
      }
      items.push(item)
    }
    return items
  }

  /** Cells whose results are stale, with the reason, from top to bottom. */
  staleOf(notebook: vscode.NotebookDocument): Map<string, string> {
    const cells = notebook.getCells().filter(({ kind }) => kind === vscode.NotebookCellKind.Code)
    const facts = cells.map((cell): CellFacts => ({
      label: labelOf(cell),
      text: cell.document.getText(),
      ...this.namesOf(cell),
      run: this.runs.get(keyOf(cell)),
    }))
    const reasons = staleReasons(facts, this.life(notebook))
    return new Map(
      cells.flatMap((cell, i): [string, string][] => (reasons[i] ? [[keyOf(cell), reasons[i]]] : [])),
    )
  }

  private namesOf(cell: vscode.NotebookCell): Pick<CellFacts, 'declares' | 'mentions'> {
    const text = cell.document.getText()
    const known = this.names.get(keyOf(cell))
    if (known?.text === text) return known
    const { declaredNames, readJsonc } = heavy()
    const names =
      cell.document.languageId === 'typescript'
        ? { declares: new Set(declaredNames(text)), mentions: mentionsOf(text) }
        : namesOfJson(readJsonc(text))
    this.names.set(keyOf(cell), { ...names, text })
    return names
  }

  private life(notebook: vscode.NotebookDocument): number {
    const { pid } = this.controller.statusOf(notebook)
    const life = this.lives.get(notebook) ?? { count: 0 }
    if (life.pid !== pid) this.lives.set(notebook, { pid, count: ++life.count })
    return life.count
  }
}
