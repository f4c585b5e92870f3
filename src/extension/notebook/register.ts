import * as vscode from 'vscode'
import type { Panels } from '../panel/panels'
import { CellBars } from './cellBars'
import { CellOrder } from './cellOrder'
import { notebookCommands } from './commands'
import { KernelCompletion } from './completion'
import { Controller } from './controller'
import { KernelItem } from './kernelItem'
import { Serializer } from './serializer'
import { VariablesView } from './variables'

export function registerNotebook(panels: Panels): vscode.Disposable[] {
  const controller = new Controller()
  const bars = new CellBars(controller)
  return [
    controller,
    bars,
    new CellOrder(),
    new KernelItem(controller),
    new VariablesView(controller),
    vscode.workspace.registerNotebookSerializer('thawnb', new Serializer(), { transientOutputs: false }),
    vscode.languages.registerCompletionItemProvider(
      { notebookType: 'thawnb', language: 'typescript' },
      new KernelCompletion(controller),
      '.',
    ),
    ...notebookCommands({ controller, bars, panels }),
  ]
}
