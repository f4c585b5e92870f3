import * as vscode from 'vscode'
import { heavy } from './load'
import { openRunFile } from './openRunFile'
import { log } from './output'
import type { Panels } from './panel/panels'
import type { Command } from './protocol'
import type { StatusBar } from './statusBar'

interface Parts {
  panels: Panels
  status: StatusBar
  diagnostics: vscode.DiagnosticCollection
}

/** The commands; whatever they need is loaded when they are first called. */
export function registerCommands(parts: Parts): vscode.Disposable[] {
  const { panels } = parts
  const told = (command: Command) => async (folder?: string) => {
    const target = folder ?? panels.activeRun ?? (await pickRun('running'))
    if (!target) return
    const { ok, message } = await heavy().control(target, command, 'editor')
    if (!ok) void vscode.window.showErrorMessage(message)
  }
  return [
    vscode.commands.registerCommand('thaw.run', (uri?: vscode.Uri) => run(parts, uri)),
    vscode.commands.registerCommand('thaw.openRun', async (folder?: string) => {
      const target = folder ?? (await pickRun())
      if (target) panels.show(target)
    }),
    vscode.commands.registerCommand('thaw.stop', told({ do: 'stop' })),
    vscode.commands.registerCommand('thaw.pause', told({ do: 'pause' })),
    vscode.commands.registerCommand('thaw.resume', told({ do: 'resume' })),
  ]
}

/** Saves and checks the run file, starts its trainer as a process of its own and opens the panel. */
async function run({ panels, status, diagnostics }: Parts, uri?: vscode.Uri): Promise<string | undefined> {
  const document = await openRunFile(uri, 'Open a run file (*.thaw.json) and run it from there.')
  if (!document) return undefined
  // an automatic save may come first, and then there is nothing left to save
  if (document.isDirty && !(await document.save()) && document.isDirty) {
    const message = `${document.uri.fsPath} could not be saved, so it was not run.`
    log(message)
    void vscode.window.showErrorMessage(message)
    return undefined
  }
  const { baseOf, check, readStatus, runsFolder, startRun } = heavy()
  const { spec, problems } = check(document, diagnostics)
  if (!spec) {
    log(
      `${document.uri.fsPath} was not run: ${problems.map((one) => `${one.path} ${one.message}`).join('; ')}`,
    )
    const errors = problems.filter((problem) => problem.severity === 'error').length
    void vscode.window
      .showErrorMessage(`The run file has ${errors === 1 ? 'a problem' : `${errors} problems`}.`, 'Show')
      .then((chosen) => chosen && vscode.commands.executeCommand('workbench.actions.view.problems'))
    return undefined
  }
  const base = baseOf(document)
  try {
    const { id, folder } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: 'Thaw: starting the trainer' },
      () => startRun({ spec, base, root: runsFolder(base) }),
    )
    log(`run ${id} started: process ${readStatus(folder)?.pid ?? 'unknown'}, folder ${folder}`)
    panels.show(folder)
    status.follow(folder)
    return folder
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    log(`the trainer did not start: ${message}`)
    void vscode.window.showErrorMessage(message)
    return undefined
  }
}

/** Lets a person choose among the workspace's runs. */
async function pickRun(only?: 'running'): Promise<string | undefined> {
  const { findRunsFolders, listRuns } = heavy()
  const roots = await findRunsFolders()
  const runs = (await Promise.all(roots.map((root) => listRuns(root)))).flat()
  const alive = ['running', 'paused', 'preparing']
  const shown = runs.filter((one) => !only || alive.includes(one.state)).sort((a, b) => b.created - a.created)
  if (shown.length === 0) {
    void vscode.window.showInformationMessage(
      only ? 'No run is under way here.' : 'There are no runs here yet.',
    )
    return undefined
  }
  const chosen = await vscode.window.showQuickPick(
    shown.map((one) => ({
      label: one.name,
      description: `${one.state}, step ${one.step} of ${one.steps}`,
      detail: one.id,
      folder: one.folder,
    })),
    { placeHolder: only ? 'Which run?' : 'Open a run' },
  )
  return chosen?.folder
}
