import * as vscode from 'vscode'
import type { RunSummary } from '../../runner/list'
import { heavy } from '../load'
import { resumeHere } from '../notices'
import { log } from '../output'
import type { Panels } from '../panel/panels'
import type { Command } from '../protocol'
import { mayRun } from '../trust'
import type { Watch } from '../watch'
import type { RunNode, RunsView } from './runsView'

const failed = (error: unknown): void => {
  const message = error instanceof Error ? error.message : String(error)
  log(message)
  void vscode.window.showErrorMessage(message)
}

const foldersOf = (runs: readonly RunSummary[]): string[] => runs.map(({ folder }) => folder)

/** What can be done with the runs of the list, one or several at once. */
export function registerRunCommands(view: RunsView, panels: Panels, watch: Watch): vscode.Disposable[] {
  const on = (name: string, act: (runs: RunSummary[]) => unknown, changes = true) =>
    vscode.commands.registerCommand(name, async (node?: RunNode, nodes?: RunNode[]) => {
      const runs = view.targets(node, nodes)
      if (runs.length === 0)
        return void vscode.window.showInformationMessage('Choose a run in the Thaw side bar first.')
      if (changes && !mayRun()) return
      try {
        await act(runs)
      } catch (error) {
        failed(error)
      }
      void view.look()
    })
  const told = (command: Command) => async (runs: RunSummary[]) => {
    for (const { folder } of runs) {
      const { ok, message } = await heavy().control(folder, command, 'editor')
      if (!ok) failed(message)
    }
  }
  return [
    vscode.commands.registerCommand('thaw.runs.refresh', () => view.lookAnew()),
    vscode.commands.registerCommand('thaw.runs.group', () => view.chooseGrouping()),
    vscode.commands.registerCommand('thaw.runs.sort', () => view.chooseSorting()),
    vscode.commands.registerCommand('thaw.runs.filter', () => view.chooseFilter()),
    on('thaw.runs.open', (runs) => runs.forEach(({ folder }) => panels.show(folder)), false),
    on('thaw.runs.pause', told({ do: 'pause' })),
    on('thaw.runs.goOn', told({ do: 'resume' })),
    on('thaw.runs.stop', told({ do: 'stop' })),
    on('thaw.runs.star', (runs) => view.star(foldersOf(runs), true), false),
    on('thaw.runs.unstar', (runs) => view.star(foldersOf(runs), false), false),
    on('thaw.runs.compare', (runs) => compare(runs, panels), false),
    on('thaw.runs.resume', async (runs) => {
      for (const { folder } of runs) {
        await resumeHere(folder)
        watch.follow(folder)
      }
    }),
    on('thaw.runs.fork', ([run]) => fork(run!, panels, watch)),
    on('thaw.runs.export', ([run]) => exportRun(run!)),
    on('thaw.runs.reveal', ([run]) => reveal(run!), false),
    on('thaw.runs.copyPath', (runs) => vscode.env.clipboard.writeText(foldersOf(runs).join('\n')), false),
    on('thaw.runs.openSpec', ([run]) => openSpec(run!), false),
    on('thaw.runs.delete', remove),
  ]
}

function compare(runs: readonly RunSummary[], panels: Panels): void {
  if (runs.length < 2)
    return void vscode.window.showInformationMessage('Select two or more runs to compare them.')
  panels.compare(foldersOf(runs))
}

/** In the machine's file manager; in the explorer where the runs lie on another machine than the window. */
async function reveal({ folder }: RunSummary): Promise<void> {
  if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop)
    return void (await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(folder)))
  await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(folder))
}

/** The run file as it was resolved: every field, defaults included. */
async function openSpec({ folder }: RunSummary): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.file(folder), 'spec.json'))
}

async function fork({ folder, name }: RunSummary, panels: Panels, watch: Watch): Promise<void> {
  const steps = heavy().checkpointSteps(folder)
  if (steps.length === 0) return failed(`${name} has no checkpoint to fork from yet.`)
  const picked = await vscode.window.showQuickPick(
    steps.map((step) => ({ label: `Step ${step}`, step })),
    { placeHolder: 'Fork from which checkpoint? The run itself stays as it is.' },
  )
  if (!picked) return
  const forked = await heavy().forkHere(folder, picked.step)
  log(`run ${forked.id} forked from ${folder} at step ${picked.step}: process ${forked.pid ?? 'unknown'}`)
  panels.show(forked.folder)
  watch.follow(forked.folder)
}

async function exportRun({ folder, name, id }: RunSummary): Promise<void> {
  const format = await vscode.window.showQuickPick(
    [
      { label: 'safetensors', description: 'PyTorch names; loads with strict=True' },
      { label: 'tfjs', description: 'a layers model for TensorFlow.js' },
    ],
    { placeHolder: `Export ${name} as` },
  )
  if (!format) return
  const [target] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: 'Export here',
    })) ?? []
  if (!target) return
  const { join } = await import('node:path')
  const to = join(target.fsPath, `${id}-${format.label}`)
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Thaw: exporting ${name}` },
    async () => {
      const { code, stderr } = await heavy().runCli(['export', folder, '--format', format.label, '--to', to])
      if (code !== 0) throw new Error(stderr.trim() || `the export ended with code ${code}`)
    },
  )
  log(`exported ${id} to ${to}`)
  void vscode.window.showInformationMessage(`Exported to ${to}`)
}

async function remove(runs: readonly RunSummary[]): Promise<void> {
  const what = runs.length === 1 ? `the run "${runs[0]!.name}"` : `${runs.length} runs`
  const sure = await vscode.window.showWarningMessage(
    `Delete ${what}, with checkpoints and measures?`,
    { modal: true, detail: 'This cannot be undone.' },
    'Delete',
  )
  if (sure !== 'Delete') return
  for (const { folder, id } of runs) {
    heavy().removeRun(folder)
    log(`run ${id} deleted`)
  }
}
