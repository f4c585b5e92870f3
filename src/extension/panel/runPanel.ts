import * as vscode from 'vscode'
import { control } from '../control'
import type { ToHost, ToPanel, Way } from '../protocol'
import { answer } from './answers'
import type { RunFeed } from './feed'
import { openImage } from './openImage'
import { createNonce, panelPage } from './page'
import { saveExport } from './saveExport'
import { goOn } from './ways'

/** One editor tab that shows a run. What it shows lives in the feed; the page may be thrown away at any time. */
export class RunPanel implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = []
  private readonly artifacts: string
  /** The page has asked for something, so it listens. */
  private loaded = false
  private pending: ToPanel | undefined

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly feed: RunFeed,
    extension: vscode.Uri,
    onClosed: () => void,
  ) {
    const { webview } = panel
    const folder = vscode.Uri.joinPath(extension, 'dist', 'webview')
    const artifacts = vscode.Uri.joinPath(vscode.Uri.file(feed.path), 'artifacts')
    webview.options = { enableScripts: true, localResourceRoots: [folder, artifacts] }
    this.artifacts = webview.asWebviewUri(artifacts).toString()
    panel.iconPath = vscode.Uri.joinPath(extension, 'media', 'icons', 'thaw.svg')
    this.disposables.push(
      webview.onDidReceiveMessage((message: ToHost) => void this.answer(message)),
      { dispose: feed.onChange(() => this.changed()) },
      panel.onDidDispose(() => {
        for (const one of this.disposables) one.dispose()
        onClosed()
      }),
    )
    webview.html = panelPage({
      script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'panel.js')).toString(),
      cspSource: webview.cspSource,
      nonce: createNonce(),
      run: feed.path,
    })
    this.changed()
  }

  /** Brings the run's comparison with others forward; a page that is still loading gets it once it asks. */
  compare(folders: string[]): void {
    this.pending = { v: 1, type: 'show', section: 'compare', folders }
    if (this.loaded) this.sendPending()
  }

  private sendPending(): void {
    if (this.pending) this.send(this.pending)
    this.pending = undefined
  }

  dispose(): void {
    this.panel.dispose()
  }

  private changed(): void {
    const { name } = this.feed.current
    if (name && this.panel.title !== name) this.panel.title = name
    if (this.panel.visible) this.send({ v: 1, type: 'changed' })
  }

  private send(message: ToPanel): void {
    void this.panel.webview.postMessage(message)
  }

  private async takeWay(way: Way): Promise<void> {
    const said = await goOn(way, this.feed.path, () => this.dispose())
    if (said) this.send({ v: 1, type: 'answer', ok: false, message: said })
  }

  private async answer(message: ToHost): Promise<void> {
    if (message.v !== 1) return
    switch (message.type) {
      case 'catch-up':
        this.loaded = true
        this.send(this.feed.update(message.cursor, this.artifacts))
        return this.sendPending()
      case 'control': {
        const answer = await control(this.feed.path, message.command, 'panel')
        return this.send({ v: 1, type: 'answer', ...answer })
      }
      case 'save': {
        const saved = await saveExport(this.feed.path, message)
        return saved && this.send({ v: 1, type: 'answer', ...saved })
      }
      case 'open':
        return openImage(this.feed.path, message.image)
      case 'way':
        return this.takeWay(message.way)
      default: {
        const { v, request, ...question } = message
        return this.send({ v, request, ...(await answer(this.feed, question)) })
      }
    }
  }
}
