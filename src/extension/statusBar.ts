import * as vscode from 'vscode'
import type { Panels } from './panel/panels'

/** The newest run that this window started or showed, in the status bar; a click opens its panel. */
export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('thaw.run', vscode.StatusBarAlignment.Left, 10)
  private stop: (() => void) | undefined

  constructor(private readonly panels: Panels) {
    this.item.name = 'Thaw run'
  }

  follow(folder: string): void {
    const feed = this.panels.feed(folder)
    this.stop?.()
    const show = () => {
      const { state, step, steps, name } = feed.current
      this.item.text =
        state === 'running'
          ? `$(flame) Thaw ${step}/${steps}`
          : `$(flame) Thaw: ${state === 'failed' ? 'run failed' : state}`
      this.item.tooltip = `${name || folder}: ${state}, step ${step} of ${steps}`
      this.item.accessibilityInformation = { label: `Thaw: ${name}, ${state}, step ${step} of ${steps}` }
    }
    this.item.command = { title: 'Open the run', command: 'thaw.openRun', arguments: [folder] }
    this.stop = feed.onChange(show)
    show()
    this.item.show()
  }

  dispose(): void {
    this.stop?.()
    this.item.dispose()
  }
}
