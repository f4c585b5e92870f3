import * as vscode from 'vscode'
import { control } from '../control'
import { log } from '../output'
import type { ToHost, ToPanel } from '../protocol'
import type { RunFeed } from './feed'
import { createNonce, panelPage } from './page'

/** One editor tab that shows a run. What it shows lives in the feed; the page may be thrown away at any time. */
export class RunPanel implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = []

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly feed: RunFeed,
    extension: vscode.Uri,
    onClosed: () => void,
  ) {
    const { webview } = panel
    const folder = vscode.Uri.joinPath(extension, 'dist', 'webview')
    webview.options = { enableScripts: true, localResourceRoots: [folder] }
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

  private async answer(message: ToHost): Promise<void> {
    if (message.v !== 1) return
    switch (message.type) {
      case 'catch-up':
        return this.send(this.feed.update(message.cursor))
      case 'window': {
        const { measures, from, to, columns, request } = message
        try {
          const window = await this.feed.window(measures, from, to, columns)
          this.send({ v: 1, type: 'window', request, window })
        } catch (error) {
          log(`The layers of ${this.feed.path} could not be read: ${String(error)}`)
        }
        return
      }
      case 'control': {
        const answer = await control(this.feed.path, message.command, 'panel')
        return this.send({ v: 1, type: 'answer', ...answer })
      }
    }
  }
}
