import { sinceFirstLine, stopwatch } from './stopwatch'
import * as vscode from 'vscode'
import { registerCommands } from './commands'
import { registerLanguage } from './language/register'
import { registerNotebook } from './notebook/register'
import { heavy } from './load'
import { openOutput } from './output'
import { PANEL_TYPE } from './panel/panelType'
import { Panels } from './panel/panels'
import { isRunFile } from './runFileName'
import { StatusBar } from './statusBar'
import { registerViews } from './views/register'

/** What the code's own lines took; between them and `activate` the editor prepares other things. */
const loadedIn = sinceFirstLine()

/** Only registers; what trains is another process, and what is heavy is loaded by the first command that needs it. */
export function activate(context: vscode.ExtensionContext): { wokeInMs: number } {
  const sinceCall = stopwatch()
  const diagnostics = vscode.languages.createDiagnosticCollection('thaw')
  const panels = new Panels(context.extensionUri)
  const status = new StatusBar(panels)
  const check = (document: vscode.TextDocument): void => {
    if (!isRunFile(document.uri.path) || document.uri.scheme !== 'file') return
    heavy().check(document, diagnostics)
  }
  context.subscriptions.push(
    openOutput(context.extensionMode === vscode.ExtensionMode.Test),
    diagnostics,
    panels,
    status,
    ...registerCommands({ panels, status, diagnostics }),
    ...registerNotebook(),
    ...registerViews(context, panels),
    vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, panels),
    ...registerLanguage(panels),
    vscode.workspace.onDidOpenTextDocument((document) => check(document)),
    vscode.workspace.onDidSaveTextDocument((document) => check(document)),
    vscode.workspace.onDidCloseTextDocument((document) => diagnostics.delete(document.uri)),
  )
  // documents that were open before; after activation, so that it stays quick
  setTimeout(() => vscode.workspace.textDocuments.forEach((document) => check(document)), 0)
  return { wokeInMs: loadedIn + sinceCall() }
}
