import { sinceFirstLine, stopwatch } from './stopwatch'
import * as vscode from 'vscode'
import type { RunSummary } from '../runner/list'
import { registerCommands } from './commands'
import { registerLanguage } from './language/register'
import { registerNotebook } from './notebook/register'
import { heavy, isLoaded } from './load'
import { reached } from './milestones'
import { openOutput } from './output'
import { PANEL_TYPE } from './panel/panelType'
import { Panels } from './panel/panels'
import { isRunFile } from './runFileName'
import { registerStudies } from './study'
import { registerViews } from './views/register'
import { Watch } from './watch'

/** What the code's own lines took; between them and `activate` the editor prepares other things. */
const loadedIn = sinceFirstLine()

/** For tests: how long waking took, and what the list of runs knows. */
export interface Api {
  wokeInMs: number
  runs(): readonly RunSummary[]
  look(): Promise<void>
}

/** Only registers; what trains is another process, and what is heavy is loaded by the first command that needs it. */
export function activate(context: vscode.ExtensionContext): Api {
  const sinceCall = stopwatch()
  const diagnostics = vscode.languages.createDiagnosticCollection('thaw')
  const panels = new Panels(context.extensionUri)
  const watch = new Watch(panels)
  const views = registerViews(context, panels, watch)
  const check = (document: vscode.TextDocument): void => {
    if (!isRunFile(document.uri.path) || document.uri.scheme !== 'file') return
    heavy().check(document, diagnostics)
    void reached('hasRunFile')
  }
  context.subscriptions.push(
    openOutput(context.extensionMode === vscode.ExtensionMode.Test),
    diagnostics,
    panels,
    watch,
    ...registerCommands({ panels, watch, diagnostics }),
    ...registerNotebook(panels),
    ...registerStudies(),
    ...views.disposables,
    vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, panels),
    ...registerLanguage(panels),
    vscode.workspace.onDidOpenTextDocument((document) => check(document)),
    vscode.workspace.onDidSaveTextDocument((document) => check(document)),
    vscode.workspace.onDidCloseTextDocument((document) => diagnostics.delete(document.uri)),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('thaw.nodePath') && isLoaded()) void lookForNode()
    }),
  )
  // documents that were open before, and runs that went on meanwhile; after activation, so that it stays quick
  setTimeout(() => {
    if (vscode.workspace.workspaceFolders) void reached('folderOpen')
    vscode.workspace.textDocuments.forEach((document) => check(document))
    void watch.findUnderWay()
  }, 0)
  const { runs } = views
  return { wokeInMs: loadedIn + sinceCall(), runs: () => runs.all, look: () => runs.lookAnew() }
}

/** Kernels and trainers take the Node that is chosen now; a wrong choice is told at once. */
async function lookForNode(): Promise<void> {
  try {
    await heavy().readyNode()
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error))
  }
}
