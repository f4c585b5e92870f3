import * as vscode from 'vscode'
import type { KernelStatus, MemoryUse } from '../../notebook/protocol'
import type { Controller } from './controller'
import { activeNotebook } from './kernels'

const WORDS: Record<KernelStatus['state'], string> = {
  off: 'off',
  starting: 'starting',
  idle: 'idle',
  busy: 'busy',
  interrupting: 'interrupting',
  restarting: 'restarting',
  lost: 'ended',
}
const ICONS: Record<KernelStatus['state'], string> = {
  off: 'circle-outline',
  starting: 'loading~spin',
  idle: 'circle-filled',
  busy: 'loading~spin',
  interrupting: 'debug-stop',
  restarting: 'loading~spin',
  lost: 'warning',
}

/** `412 MB`, `1.5 GB`. */
export const megabytes = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`

/** In words for the status bar: `Thaw kernel busy, 2 waiting, 412 MB`. */
export function kernelText({ state, queued, memory }: KernelStatus): string {
  return [
    `Thaw kernel ${WORDS[state]}`,
    ...(queued.length > 0 ? [`${queued.length} waiting`] : []),
    ...(memory && state !== 'off' && state !== 'lost' ? [megabytes(memory.resident)] : []),
  ].join(', ')
}

const memoryText = (memory: MemoryUse): string =>
  [
    `Process: ${megabytes(memory.resident)}`,
    `Heap: ${megabytes(memory.heapUsed)} of ${megabytes(memory.heapLimit)}`,
    `Tensors: ${memory.tensors.toLocaleString('en')}, ${megabytes(memory.tensorBytes)}`,
    `Rewind points: ${megabytes(memory.checkpointBytes)} of ${megabytes(memory.checkpointLimit)}`,
  ].join('  \n')

/** The kernel of the notebook in front: what it does and what memory it holds; a click offers what can be done. */
export class KernelItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'thaw.kernel',
    vscode.StatusBarAlignment.Right,
    110,
  )
  private readonly subscriptions: vscode.Disposable[]

  constructor(private readonly controller: Controller) {
    this.item.name = 'Thaw kernel'
    this.item.command = 'thaw.notebook.kernel'
    this.subscriptions = [
      vscode.window.onDidChangeActiveNotebookEditor(() => this.show()),
      controller.onNews(() => this.show()),
    ]
    this.show()
  }

  dispose(): void {
    for (const one of [this.item, ...this.subscriptions]) one.dispose()
  }

  private show(): void {
    const notebook = activeNotebook()
    void vscode.commands.executeCommand('setContext', 'thaw.notebook', notebook !== undefined)
    if (!notebook) return this.item.hide()
    const status = this.controller.statusOf(notebook)
    const text = kernelText(status)
    this.item.text = `$(${ICONS[status.state]}) ${text}`
    this.item.backgroundColor =
      status.state === 'lost' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined
    this.item.tooltip = new vscode.MarkdownString(
      [status.why ?? text, ...(status.memory ? [memoryText(status.memory)] : [])].join('\n\n'),
    )
    this.item.accessibilityInformation = { label: text }
    this.item.show()
  }
}
