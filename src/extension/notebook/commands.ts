import { join } from 'node:path'
import * as vscode from 'vscode'
import type { KernelHost } from '../../notebook/kernelHost'
import type { SessionsResult } from '../../notebook/protocol'
import type { Panels } from '../panel/panels'
import type { CellBars } from './cellBars'
import type { Controller } from './controller'
import { activeNotebook, isThawNotebook, keyOf } from './kernels'
import { VariablesView } from './variables'

type SessionFacts = SessionsResult['sessions'][number]

interface Parts {
  controller: Controller
  bars: CellBars
  panels: Panels
}

/** Commands of a notebook; each takes the notebook in front unless it is told another. */
export function notebookCommands({ controller, bars, panels }: Parts): vscode.Disposable[] {
  const command = (name: string, run: (...args: never[]) => unknown) =>
    vscode.commands.registerCommand(`thaw.${name}`, run)

  /** Runs the code cells that `wanted` names, from top to bottom. */
  const runCells = (notebook: vscode.NotebookDocument, wanted: (cell: vscode.NotebookCell) => boolean) => {
    const cells = notebook
      .getCells()
      .filter((cell) => cell.kind === vscode.NotebookCellKind.Code && wanted(cell))
    return cells.length > 0 ? controller.execute(cells, notebook) : undefined
  }

  return [
    command('restartKernel', (uri?: vscode.Uri) => {
      const notebook = notebookOf(uri)
      return notebook && controller.restart(notebook)
    }),
    command('notebook.interrupt', (uri?: vscode.Uri) => {
      const notebook = notebookOf(uri)
      if (notebook) controller.kernels.of(notebook)?.interrupt()
    }),
    command('notebook.runStale', (uri?: vscode.Uri) => {
      const notebook = notebookOf(uri)
      if (!notebook) return undefined
      const stale = bars.staleOf(notebook)
      if (stale.size === 0)
        return void vscode.window.showInformationMessage('Every result follows from the cells above.')
      return runCells(notebook, (cell) => stale.has(keyOf(cell)))
    }),
    // for tests: the marks have no place where the editor could be asked for them
    command('notebook.staleMarks', (uri: vscode.Uri) => {
      const notebook = notebookOf(uri)
      return notebook ? Object.fromEntries(bars.staleOf(notebook)) : {}
    }),
    command('notebook.runFromHere', (cell?: vscode.NotebookCell) => {
      const notebook = cell?.notebook ?? activeNotebook()
      const from = cell?.index ?? vscode.window.activeNotebookEditor?.selection.start ?? 0
      return notebook && runCells(notebook, ({ index }) => index >= from)
    }),
    command('notebook.addRunCell', () => addRunCell()),
    command('notebook.reveal', (key: string) => VariablesView.reveal(key)),
    command('notebook.variables', () => vscode.commands.executeCommand('thaw.variables.focus')),
    command('notebook.openInPanel', async (chosen?: { name?: string }) => {
      const kernel = kernelInFront(controller)
      const session = kernel && (await pickSession(kernel, 'Open which session in the panel?', chosen?.name))
      if (session) panels.show(session.folder)
    }),
    command('notebook.saveAsRunFile', async (chosen?: { name?: string }) => {
      const kernel = kernelInFront(controller)
      const session = kernel && (await pickSession(kernel, 'Save which session as a run file?', chosen?.name))
      return kernel && session && saveAsRunFile(kernel, session)
    }),
    command('notebook.kernel', () => kernelMenu(controller)),
  ]
}

/** A notebook by its address, else the one in front. */
function notebookOf(uri?: unknown): vscode.NotebookDocument | undefined {
  const named =
    uri instanceof vscode.Uri
      ? vscode.workspace.notebookDocuments.find((one) => one.uri.toString() === uri.toString())
      : undefined
  return named && isThawNotebook(named) ? named : activeNotebook()
}

function kernelInFront(controller: Controller): KernelHost | undefined {
  const notebook = activeNotebook()
  const kernel = notebook && controller.kernels.of(notebook)
  if (!kernel)
    void vscode.window.showInformationMessage('There is no session yet: run the cells of a notebook first.')
  return kernel
}

async function pickSession(
  kernel: KernelHost,
  placeHolder: string,
  variable?: string,
): Promise<SessionFacts | undefined> {
  const { sessions } = await kernel.sessions()
  const named = sessions.find((one) => variable !== undefined && one.variable === variable)
  if (named ?? sessions.length === 1) return named ?? sessions[0]
  if (sessions.length === 0) {
    void vscode.window.showInformationMessage('No session is open: run the cells that begin one.')
    return undefined
  }
  const picked = await vscode.window.showQuickPick(
    sessions.map((session) => ({
      label: session.variable ?? session.name,
      description: `${session.name}, step ${session.step} of ${session.steps}`,
      session,
    })),
    { placeHolder },
  )
  return picked?.session
}

/** @returns the file that was written */
async function saveAsRunFile(kernel: KernelHost, session: SessionFacts): Promise<vscode.Uri | undefined> {
  const result = await kernel.runFile(session.variable)
  if (!result.ok) {
    void vscode.window.showErrorMessage(result.message, { modal: false })
    return undefined
  }
  const name = `${result.name.replace(/[^\w.-]+/g, '-')}.thaw.json`
  const file = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(join(result.base, name)),
    filters: { 'Run file': ['thaw.json'] },
    title: 'Save the session as a run file',
  })
  if (!file) return undefined
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(result.text))
  await vscode.window.showTextDocument(file)
  return file
}

async function addRunCell(): Promise<void> {
  const editor = vscode.window.activeNotebookEditor
  if (!editor || !isThawNotebook(editor.notebook)) return
  const text = '{\n  "strategy": "linear-probe",\n  "take": 10,\n  "show": ["curves", "freezeMap"]\n}'
  const at = editor.notebook.cellCount === 0 ? 0 : editor.selection.end
  const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'jsonc')
  const edit = new vscode.WorkspaceEdit()
  edit.set(editor.notebook.uri, [vscode.NotebookEdit.insertCells(at, [cell])])
  await vscode.workspace.applyEdit(edit)
  editor.selections = [new vscode.NotebookRange(at, at + 1)]
}

async function kernelMenu(controller: Controller): Promise<void> {
  const notebook = activeNotebook()
  if (!notebook) return
  const { state } = controller.statusOf(notebook)
  const entries = [
    ...(state === 'busy' ? [{ label: '$(debug-stop) Interrupt', command: 'thaw.notebook.interrupt' }] : []),
    { label: '$(refresh) Restart Kernel', command: 'thaw.restartKernel' },
    { label: '$(symbol-variable) Variables', command: 'thaw.notebook.variables' },
    { label: '$(graph-line) Open a Session in the Panel', command: 'thaw.notebook.openInPanel' },
    { label: '$(save-as) Save a Session as a Run File', command: 'thaw.notebook.saveAsRunFile' },
  ]
  const picked = await vscode.window.showQuickPick(entries, { placeHolder: 'Thaw kernel' })
  if (picked) await vscode.commands.executeCommand(picked.command)
}
