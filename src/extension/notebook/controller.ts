import { dirname } from 'node:path'
import * as vscode from 'vscode'
import {
  queued,
  reduceCell,
  type CellEffect,
  type CellEvent,
  type CellRun,
} from '../../notebook/cellRunReducer'
import type { KernelClient } from '../../notebook/kernelClient'
import { heavy } from '../load'
import { log } from '../output'
import { outputItems } from './serializer'

interface Live {
  run: CellRun
  execution: vscode.NotebookCellExecution
  effects: Promise<void>
}

/** Runs a notebook's cells in its kernel: the reducer decides, this touches the editor. */
export class Controller implements vscode.Disposable {
  readonly controller: vscode.NotebookController
  private readonly kernels = new Map<vscode.NotebookDocument, KernelClient>()
  private readonly lines = new Map<vscode.NotebookDocument, Promise<void>>()
  private readonly live = new Map<string, Live>()
  private order = 0

  constructor() {
    this.controller = vscode.notebooks.createNotebookController('thaw-kernel', 'thawnb', 'Thaw')
    this.controller.supportedLanguages = ['typescript']
    this.controller.supportsExecutionOrder = true
    this.controller.description = 'A process of its own that trains'
    this.controller.executeHandler = (cells, notebook) => this.execute(cells, notebook)
    this.controller.interruptHandler = (notebook) => this.interrupt(notebook)
  }

  /** The kernel that runs now, if any. */
  kernelOf(notebook: vscode.NotebookDocument): KernelClient | undefined {
    return this.kernels.get(notebook)
  }

  async restart(notebook: vscode.NotebookDocument): Promise<void> {
    const kernel = this.kernels.get(notebook)
    this.kernels.delete(notebook)
    this.lose(notebook, 'The kernel was restarted; what cells had made is gone.')
    await kernel?.close()
  }

  dispose(): void {
    for (const kernel of this.kernels.values()) void kernel.close()
    this.controller.dispose()
  }

  private async execute(cells: vscode.NotebookCell[], notebook: vscode.NotebookDocument): Promise<void> {
    if (!vscode.workspace.isTrusted) return
    const jobs = cells.map((cell) => {
      const execution = this.controller.createNotebookCellExecution(cell)
      const live: Live = { run: queued, execution, effects: Promise.resolve() }
      this.live.set(cell.document.uri.toString(), live)
      return { cell, live }
    })
    // one cell after the other, also over several calls
    const before = this.lines.get(notebook) ?? Promise.resolve()
    const mine = before.then(async () => {
      for (const { cell, live } of jobs) await this.runCell(cell, live, notebook)
    })
    this.lines.set(notebook, mine)
    await mine
  }

  private async runCell(
    cell: vscode.NotebookCell,
    live: Live,
    notebook: vscode.NotebookDocument,
  ): Promise<void> {
    if (live.run.state === 'ended') return
    const key = cell.document.uri.toString()
    try {
      const kernel = this.kernel(notebook)
      await this.apply(key, { type: 'start', order: ++this.order })
      const { ok } = await kernel.execute(key, cell.document.getText())
      await this.apply(key, { type: 'done', ok })
    } catch (error) {
      await this.apply(key, { type: 'start', order: this.order })
      await this.apply(key, {
        type: 'kernel-lost',
        why: error instanceof Error ? error.message : String(error),
      })
    }
    if (this.live.get(key) === live) this.live.delete(key)
  }

  private kernel(notebook: vscode.NotebookDocument): KernelClient {
    const known = this.kernels.get(notebook)
    if (known) return known
    const { KernelClient } = heavy()
    const folder = vscode.workspace.getWorkspaceFolder(notebook.uri) ?? vscode.workspace.workspaceFolders?.[0]
    const base = notebook.isUntitled ? (folder?.uri.fsPath ?? process.cwd()) : dirname(notebook.uri.fsPath)
    const kernel = new KernelClient({
      base,
      log,
      onOutput: (cell, output) => void this.apply(cell, { type: 'output', output }),
      onLost: (why) => {
        if (this.kernels.get(notebook) === kernel) this.kernels.delete(notebook)
        this.lose(notebook, why)
      },
    })
    this.kernels.set(notebook, kernel)
    return kernel
  }

  private interrupt(notebook: vscode.NotebookDocument): void {
    for (const cell of notebook.getCells())
      void this.apply(cell.document.uri.toString(), { type: 'interrupt' })
  }

  private lose(notebook: vscode.NotebookDocument, why: string): void {
    for (const cell of notebook.getCells())
      void this.apply(cell.document.uri.toString(), { type: 'kernel-lost', why })
  }

  private apply(key: string, event: CellEvent): Promise<void> {
    const live = this.live.get(key)
    if (!live) return Promise.resolve()
    const { run, effects } = reduceCell(live.run, event)
    live.run = run
    for (const effect of effects) live.effects = live.effects.then(() => this.perform(live.execution, effect))
    return live.effects
  }

  private async perform(execution: vscode.NotebookCellExecution, effect: CellEffect): Promise<void> {
    switch (effect.do) {
      case 'start':
        execution.executionOrder = effect.order
        return execution.start(Date.now())
      case 'clear':
        return execution.clearOutput()
      case 'append':
        return execution.appendOutput(new vscode.NotebookCellOutput(outputItems(effect.items)))
      case 'update':
        // nothing is live yet in this kernel
        return undefined
      case 'replace-text': {
        const last = execution.cell.outputs.at(-1)
        const items = outputItems({ 'text/plain': effect.text })
        return last ? execution.replaceOutputItems(items, last) : undefined
      }
      case 'append-error': {
        const error = { name: effect.name, message: effect.message, stack: effect.stack }
        return execution.appendOutput(
          new vscode.NotebookCellOutput([vscode.NotebookCellOutputItem.error(error)]),
        )
      }
      case 'ask-interrupt':
        return this.kernels.get(execution.cell.notebook)?.interrupt()
      case 'end':
        return execution.end(effect.ok, Date.now())
    }
  }
}
