import * as vscode from 'vscode'
import type { Variable } from '../../notebook/protocol'
import type { Controller } from './controller'
import { activeNotebook, keyOf } from './kernels'

const ICONS: Record<string, string> = {
  Session: 'flame',
  function: 'symbol-method',
  string: 'symbol-string',
  number: 'symbol-number',
  boolean: 'symbol-boolean',
}

/** What the cells of the notebook in front have made. */
export class VariablesView implements vscode.TreeDataProvider<Variable>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event
  private readonly subscriptions: vscode.Disposable[]
  private due?: NodeJS.Timeout

  constructor(private readonly controller: Controller) {
    this.subscriptions = [
      vscode.window.registerTreeDataProvider('thaw.variables', this),
      vscode.window.onDidChangeActiveNotebookEditor(() => this.changed.fire()),
      controller.onNews(() => {
        // memory is told every second; the values are asked for once things are quiet
        clearTimeout(this.due)
        this.due = setTimeout(() => this.changed.fire(), 300)
      }),
    ]
  }

  dispose(): void {
    clearTimeout(this.due)
    for (const one of [...this.subscriptions, this.changed]) one.dispose()
  }

  async getChildren(): Promise<Variable[]> {
    const notebook = activeNotebook()
    const kernel = notebook && this.controller.kernels.of(notebook)
    if (!kernel) return []
    try {
      return (await kernel.variables()).variables
    } catch {
      // its process ended meanwhile
      return []
    }
  }

  getTreeItem({ name, type, text, cell, size }: Variable): vscode.TreeItem {
    const item = new vscode.TreeItem(name)
    item.description = text
    item.tooltip = [`${name}: ${type}`, ...(size === undefined ? [] : [`${size} long`]), text].join('\n')
    item.iconPath = new vscode.ThemeIcon(ICONS[type] ?? 'symbol-variable')
    item.contextValue = type === 'Session' ? 'session' : 'value'
    item.accessibilityInformation = { label: `${name}, ${type}, ${text}` }
    if (cell !== undefined)
      item.command = { title: 'Show Its Cell', command: 'thaw.notebook.reveal', arguments: [cell] }
    return item
  }

  /** Shows the cell that declared a variable. */
  static reveal(key: string): void {
    const editor = vscode.window.activeNotebookEditor
    const cell = editor?.notebook.getCells().find((one) => keyOf(one) === key)
    if (!editor || !cell) return
    const range = new vscode.NotebookRange(cell.index, cell.index + 1)
    editor.selections = [range]
    editor.revealRange(range, vscode.NotebookEditorRevealType.InCenterIfOutsideViewport)
  }
}
