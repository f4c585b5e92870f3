import * as vscode from 'vscode'
import { heavy } from './load'
import { markDone, reached } from './milestones'
import { runnableFile } from './openRunFile'
import { log, showLog } from './output'
import type { Panels } from './panel/panels'
import type { Command } from './protocol'
import type { Watch } from './watch'

interface Parts {
  panels: Panels
  watch: Watch
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
      if (!target) return
      if (!heavy().isRunFolder(target))
        return void vscode.window.showInformationMessage(`The run ${target} is not there any more.`)
      panels.show(target)
      void reached('seen')
    }),
    vscode.commands.registerCommand('thaw.stop', told({ do: 'stop' })),
    vscode.commands.registerCommand('thaw.pause', told({ do: 'pause' })),
    vscode.commands.registerCommand('thaw.resume', told({ do: 'resume' })),
    vscode.commands.registerCommand('thaw.showLog', showLog),
    vscode.commands.registerCommand('thaw.openSettings', () =>
      vscode.commands.executeCommand('workbench.action.openSettings', '@ext:thaw.thaw'),
    ),
    vscode.commands.registerCommand('thaw.walkthrough', async () => {
      await vscode.commands.executeCommand('workbench.action.openWalkthrough', 'thaw.thaw#thaw.start', false)
      await markDone()
    }),
  ]
}

/** Saves and checks the run file, starts its trainer as a process of its own and opens the panel. */
async function run({ panels, watch, diagnostics }: Parts, uri?: vscode.Uri): Promise<string | undefined> {
  const document = await runnableFile('Which run file?', uri)
  if (!document) return undefined
  const { spec, problems } = heavy().check(document, diagnostics)
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
  try {
    const { id, folder, pid } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: 'Thaw: starting the trainer' },
      () => heavy().startHere(document),
    )
    log(
      pid === undefined
        ? `run ${id} waits for its turn, folder ${folder}`
        : `run ${id} started: process ${pid}, folder ${folder}`,
    )
    panels.show(folder)
    watch.follow(folder)
    void reached('started')
    return folder
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    log(`the trainer did not start: ${message}`)
    const [show, settings] = ['Show Log', 'Settings']
    void vscode.window.showErrorMessage(message, show, settings).then((chosen) => {
      if (chosen === show) showLog()
      if (chosen === settings) void vscode.commands.executeCommand('thaw.openSettings')
    })
    return undefined
  }
}

/** Lets a person choose among the workspace's runs. */
async function pickRun(only?: 'running'): Promise<string | undefined> {
  const { findRunsFolders, runIndex } = heavy()
  const runs = await runIndex.list(await findRunsFolders())
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
