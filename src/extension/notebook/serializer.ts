import * as vscode from 'vscode'
import { printNotebook, readNotebook, type CellOutput, type NotebookFile } from '../../notebook/document'
import { UserError } from '../../spec/types'
import { log } from '../output'

const decoder = new TextDecoder()
const isText = (mime: string) => mime.startsWith('text/')
const isJson = (mime: string) => mime.endsWith('json')

/** `*.thawnb` on disk against cells in the editor. Images and other bytes are not kept. */
export class Serializer implements vscode.NotebookSerializer {
  deserializeNotebook(content: Uint8Array): vscode.NotebookData {
    let file: NotebookFile
    try {
      file = readNotebook(decoder.decode(content))
    } catch (error) {
      log(`a notebook could not be read: ${(error as Error).message}`)
      throw error instanceof UserError ? new Error(error.message) : error
    }
    return new vscode.NotebookData(
      file.cells.map(({ kind, text, outputs }) => {
        const code = kind === 'code'
        const cell = new vscode.NotebookCellData(
          code ? vscode.NotebookCellKind.Code : vscode.NotebookCellKind.Markup,
          text,
          code ? 'typescript' : 'markdown',
        )
        cell.outputs = (outputs ?? []).map(
          (output) => new vscode.NotebookCellOutput(outputItems(output.items)),
        )
        return cell
      }),
    )
  }

  serializeNotebook(data: vscode.NotebookData): Uint8Array {
    const cells = data.cells.map((cell) => ({
      kind: cell.kind === vscode.NotebookCellKind.Code ? ('code' as const) : ('markdown' as const),
      text: cell.value,
      outputs: (cell.outputs ?? []).flatMap(readItems),
    }))
    return new TextEncoder().encode(printNotebook({ v: 1, cells }))
  }
}

/** The forms of an output as the editor wants them, ours before plain text. */
export function outputItems(items: Record<string, unknown>): vscode.NotebookCellOutputItem[] {
  return Object.entries(items)
    .sort(([a], [b]) => Number(isText(a)) - Number(isText(b)))
    .map(([mime, value]) =>
      isText(mime)
        ? vscode.NotebookCellOutputItem.text(String(value), mime)
        : vscode.NotebookCellOutputItem.json(value, mime),
    )
}

function readItems(output: vscode.NotebookCellOutput): CellOutput[] {
  const items: Record<string, unknown> = {}
  for (const { mime, data } of output.items) {
    if (isText(mime)) items[mime] = decoder.decode(data)
    else if (isJson(mime)) items[mime] = JSON.parse(decoder.decode(data)) as unknown
  }
  return Object.keys(items).length > 0 ? [{ items }] : []
}
