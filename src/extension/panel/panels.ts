import { basename } from 'node:path'
import * as vscode from 'vscode'
import { heavy } from '../load'
import { log } from '../output'
import type { RunFeed } from './feed'
import { PANEL_TYPE } from './panelType'
import type { RunPanel } from './runPanel'

/** The open panels, one a run, and the feeds behind them and behind the status bar. */
export class Panels implements vscode.Disposable, vscode.WebviewPanelSerializer<{ folder?: string }> {
  private readonly open = new Map<string, RunPanel>()
  private readonly feeds = new Map<string, RunFeed>()

  constructor(private readonly extension: vscode.Uri) {}

  /** The run's panel, made or brought forward. */
  show(folder: string): void {
    const known = this.open.get(folder)
    if (known) return known.panel.reveal()
    const column = vscode.ViewColumn.Active
    this.attach(vscode.window.createWebviewPanel(PANEL_TYPE, basename(folder), column), folder)
  }

  /** Several runs beside each other, in the panel of the first. */
  compare(folders: string[]): void {
    this.show(folders[0]!)
    this.open.get(folders[0]!)?.compare(folders)
  }

  /** Run of the panel in front, if any. */
  get activeRun(): string | undefined {
    return [...this.open].find(([, one]) => one.panel.active)?.[0]
  }

  feed(folder: string): RunFeed {
    const known = this.feeds.get(folder)
    if (known) return known
    const feed = new (heavy().RunFeed)(folder)
    this.feeds.set(folder, feed)
    return feed
  }

  /** After a window reload the editor hands the tab back with what the page remembered. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: { folder?: string } | undefined): Promise<void> {
    const folder = state?.folder
    if (!folder || !heavy().isRunFolder(folder)) {
      log(`A panel could not be opened again: its run ${folder ?? ''} is gone`)
      panel.dispose()
    } else this.attach(panel, folder)
    return Promise.resolve()
  }

  dispose(): void {
    for (const one of this.open.values()) one.dispose()
    for (const feed of this.feeds.values()) feed.dispose()
  }

  private attach(panel: vscode.WebviewPanel, folder: string): void {
    const { RunPanel } = heavy()
    const made = new RunPanel(panel, this.feed(folder), this.extension, () => this.open.delete(folder))
    this.open.set(folder, made)
  }
}
