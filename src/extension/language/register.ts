import * as vscode from 'vscode'
import { RunLens } from '../codeLens'
import { heavy } from '../load'
import type { Panels } from '../panel/panels'
import { runnableFile } from '../openRunFile'
import { QuickFixes } from './quickFixes'

const selector: vscode.DocumentSelector = { scheme: 'file', pattern: '**/*.thaw.json' }

/** What the editor knows of run files beside their JSON schema. The heavy half is loaded at the first question. */
export function registerLanguage(panels: Panels): vscode.Disposable[] {
  const found = vscode.languages.createDiagnosticCollection('thaw preflight')
  return [
    found,
    vscode.languages.registerCodeLensProvider(selector, new RunLens()),
    vscode.languages.registerCompletionItemProvider(
      selector,
      {
        provideCompletionItems: (document, at) =>
          heavy().layerCompletion.provideCompletionItems(document, at),
      },
      '"',
      '[',
      ',',
    ),
    vscode.languages.registerHoverProvider(selector, {
      provideHover: (document, at) => heavy().layerHover.provideHover(document, at),
    }),
    vscode.languages.registerHoverProvider(selector, {
      provideHover: (document, at, token) => heavy().strategyHover.provideHover(document, at, token),
    }),
    vscode.languages.registerDocumentSymbolProvider(
      selector,
      {
        provideDocumentSymbols: (document, token) =>
          heavy().runSymbols.provideDocumentSymbols(document, token),
      },
      { label: 'Run, step by step' },
    ),
    vscode.languages.registerCodeActionsProvider(selector, new QuickFixes(), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    // what preflight said holds for the text it was said of
    vscode.workspace.onDidChangeTextDocument(({ document }) => found.delete(document.uri)),
    vscode.workspace.onDidCloseTextDocument((document) => found.delete(document.uri)),
    vscode.commands.registerCommand('thaw.preflight', async (uri?: vscode.Uri) => {
      const document = await runnableFile('Check which run file?', uri)
      return document && heavy().preflight(document, found)
    }),
    vscode.commands.registerCommand('thaw.compareFile', async (uri?: vscode.Uri) => {
      const document = await runnableFile('Compare the runs of which run file?', uri)
      if (document) await compareRunsOf(document, panels)
    }),
  ]
}

/** The runs in the file's folder, to choose two or more of. */
async function compareRunsOf(document: vscode.TextDocument, panels: Panels): Promise<void> {
  const { baseOf, describeRun, listRuns, runsFolder } = heavy()
  const runs = (await listRuns(runsFolder(baseOf(document)))).filter(({ metrics }) => metrics)
  if (runs.length < 2)
    return void vscode.window.showInformationMessage(
      'There are fewer than two evaluated runs in this folder; run this file with two strategies first.',
    )
  const picked = await vscode.window.showQuickPick(
    runs.map((run, i) => ({
      label: run.name,
      description: describeRun(run, Date.now()),
      picked: i < 2,
      folder: run.folder,
    })),
    { canPickMany: true, placeHolder: 'Runs to compare; the first is the reference' },
  )
  if (picked && picked.length > 1) panels.compare(picked.map(({ folder }) => folder))
}
