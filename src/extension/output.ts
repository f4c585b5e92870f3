import * as vscode from 'vscode'

let channel: vscode.OutputChannel | undefined

/** The output channel 'Thaw': every process and what became of it, with the time. */
export function openOutput(): vscode.Disposable {
  channel = vscode.window.createOutputChannel('Thaw')
  return channel
}

export function log(text: string): void {
  channel?.appendLine(`${new Date().toISOString()} ${text}`)
}
