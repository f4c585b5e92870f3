import * as vscode from 'vscode'

let write: (text: string) => void = () => {}
let show: () => void = () => {}

/** The output channel 'Thaw': every process and what became of it, with the time. */
export function openOutput(mirror: boolean): vscode.Disposable {
  const channel = vscode.window.createOutputChannel('Thaw')
  write = (text) => {
    channel.appendLine(`${new Date().toISOString()} ${text}`)
    if (mirror) console.log(`Thaw: ${text}`)
  }
  show = () => channel.show(true)
  return channel
}

/** The two halves of the extension write to one channel. */
export function connectLog(other: (text: string) => void): void {
  write = other
}

export function log(text: string): void {
  write(text)
}

/** Brings the channel forward. */
export function showLog(): void {
  show()
}
