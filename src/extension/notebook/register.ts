import * as vscode from 'vscode'
import { CellOrder } from './cellOrder'
import { KernelCompletion } from './completion'
import { Controller } from './controller'
import { Serializer } from './serializer'

export function registerNotebook(): vscode.Disposable[] {
  const controller = new Controller()
  return [
    controller,
    new CellOrder(),
    vscode.workspace.registerNotebookSerializer('thawnb', new Serializer(), { transientOutputs: false }),
    vscode.languages.registerCompletionItemProvider(
      { notebookType: 'thawnb', language: 'typescript' },
      new KernelCompletion(controller),
      '.',
    ),
    vscode.commands.registerCommand('thaw.restartKernel', () => {
      const notebook = vscode.window.activeNotebookEditor?.notebook
      return notebook?.notebookType === 'thawnb' ? controller.restart(notebook) : undefined
    }),
  ]
}
