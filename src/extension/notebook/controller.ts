import * as vscode from 'vscode'
import type { CellNews } from '../../notebook/kernelMachine'
import type { ExecuteResult, KernelStatus } from '../../notebook/protocol'
import { log } from '../output'
import { mayRun } from '../trust'
import { CellOutputs, LiveDisplays } from './cellOutputs'
import { keyOf, Kernels, labelOf } from './kernels'
import { isJsonCell } from './serializer'

/** What the cell bars, the status bar and the views follow. */
export interface NotebookNews {
  notebook: vscode.NotebookDocument
  /** A cell began or ended. */
  cell?: { key: string; text: string; order: number; result?: ExecuteResult }
}

/** Runs a notebook's cells in its kernel: queue and process are KernelHost's, outputs are CellOutputs'. */
export class Controller implements vscode.Disposable {
  readonly controller = vscode.notebooks.createNotebookController('thaw-kernel', 'thawnb', 'Thaw')
  readonly kernels = new Kernels((notebook) => ({
    onCell: (cell, news) => this.takeNews(notebook, cell, news),
    onOutput: (cell, output) => void this.running.get(cell)?.outputs.tell({ type: 'output', output }),
    onStatus: (status) => this.takeStatus(notebook, status),
  }))
  private readonly news = new vscode.EventEmitter<NotebookNews>()
  readonly onNews = this.news.event
  private readonly live = new LiveDisplays()
  private readonly running = new Map<string, { outputs: CellOutputs; text: string; order: number }>()
  private readonly told = new WeakMap<vscode.NotebookDocument, string>()
  private order = 0

  constructor() {
    this.controller.supportedLanguages = ['typescript', 'jsonc']
    this.controller.supportsExecutionOrder = true
    this.controller.description = 'A process of its own that trains'
    this.controller.executeHandler = (cells, notebook) => this.execute(cells, notebook)
    this.controller.interruptHandler = (notebook) => this.kernels.of(notebook)?.interrupt()
  }

  statusOf(notebook: vscode.NotebookDocument): KernelStatus {
    return this.kernels.of(notebook)?.status ?? { state: 'off', queued: [] }
  }

  async execute(cells: readonly vscode.NotebookCell[], notebook: vscode.NotebookDocument): Promise<void> {
    if (!mayRun()) return
    const fresh = cells.filter((cell) => !this.running.has(keyOf(cell)))
    const jobs = fresh.map((cell) => {
      const execution = this.controller.createNotebookCellExecution(cell)
      const outputs = new CellOutputs(execution, this.live, log)
      const key = keyOf(cell)
      const text = cell.document.getText()
      this.running.set(key, { outputs, text, order: 0 })
      execution.token.onCancellationRequested(() => this.kernels.of(notebook)?.withdraw([key]))
      const language = isJsonCell(cell.document.languageId) ? ('json' as const) : ('typescript' as const)
      return { cell: key, code: text, language, label: labelOf(cell) }
    })
    try {
      const kernel = await this.kernels.get(notebook)
      kernel.run(jobs)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      for (const { cell } of jobs) this.end(cell, { type: 'kernel-lost', why: message })
      void vscode.window.showErrorMessage(message)
    }
  }

  async restart(notebook: vscode.NotebookDocument): Promise<void> {
    if (!mayRun()) return
    const kernel = await this.kernels.get(notebook)
    kernel.restart()
  }

  dispose(): void {
    this.kernels.dispose()
    this.live.dispose()
    this.news.dispose()
    this.controller.dispose()
  }

  private takeNews(notebook: vscode.NotebookDocument, key: string, news: CellNews): void {
    const run = this.running.get(key)
    if (!run) return
    const { outputs, text } = run
    switch (news.type) {
      case 'queued':
        return
      case 'started':
        run.order = ++this.order
        void outputs.tell({ type: 'start', order: run.order })
        return this.news.fire({ notebook, cell: { key, text, order: run.order } })
      case 'ended':
        this.end(key, { type: 'done', ok: news.result.ok })
        return this.news.fire({ notebook, cell: { key, text, order: run.order, result: news.result } })
      case 'dropped':
        return this.end(key, { type: 'done', ok: false })
      case 'lost':
        return this.end(key, { type: 'kernel-lost', why: news.why })
    }
  }

  private end(key: string, event: Parameters<CellOutputs['tell']>[0]): void {
    const run = this.running.get(key)
    void run?.outputs.tell(event)
    this.running.delete(key)
  }

  /** A kernel that ended is told of once, with the way on. */
  private takeStatus(notebook: vscode.NotebookDocument, status: KernelStatus): void {
    this.news.fire({ notebook })
    const why = status.state === 'lost' ? (status.why ?? 'The kernel ended.') : ''
    if (this.told.get(notebook) === why) return
    this.told.set(notebook, why)
    if (why === '') return
    log(why)
    void vscode.window
      .showWarningMessage(why, 'Restart Kernel')
      .then((chosen) => chosen && this.restart(notebook))
  }
}
