import * as vscode from 'vscode'
import {
  decodeItem,
  encodeItem,
  printNotebook,
  readNotebook,
  type CellOutput,
  type NotebookCell,
  type NotebookFile,
} from '../../notebook/document'
import { UserError } from '../../spec/types'
import { log } from '../output'

const decoder = new TextDecoder()
const isText = (mime: string) => mime.startsWith('text/')

/** What a file holds beside what the editor knows travels in the metadata, and back into the file. */
interface Metadata {
  more?: Record<string, unknown>
}
const metadataOf = (more: Metadata['more']): Metadata => (more ? { more } : {})
const moreOf = (metadata: { [key: string]: unknown } | undefined): Metadata => {
  const { more } = (metadata ?? {}) as Metadata
  return more ? { more } : {}
}

/** `*.thawnb` on disk against cells in the editor; nothing that a file holds is lost. */
export class Serializer implements vscode.NotebookSerializer {
  deserializeNotebook(content: Uint8Array): vscode.NotebookData {
    let file: NotebookFile
    try {
      file = readNotebook(decoder.decode(content))
    } catch (error) {
      log(`a notebook could not be read: ${(error as Error).message}`)
      throw error instanceof UserError ? new Error(error.message) : error
    }
    const data = new vscode.NotebookData(file.cells.map(cellData))
    data.metadata = metadataOf(file.more)
    return data
  }

  serializeNotebook(data: vscode.NotebookData): Uint8Array {
    const cells = data.cells.map((cell): NotebookCell => ({
      kind: cell.kind === vscode.NotebookCellKind.Code ? 'code' : 'markdown',
      ...(isJsonCell(cell.languageId) && { language: 'json' as const }),
      text: cell.value,
      outputs: (cell.outputs ?? []).flatMap(readItems),
      ...moreOf(cell.metadata),
    }))
    return new TextEncoder().encode(printNotebook({ v: 1, cells, ...moreOf(data.metadata) }))
  }
}

export const isJsonCell = (language: string): boolean => language === 'jsonc' || language === 'json'

function cellData({ kind, language, text, outputs, more }: NotebookCell): vscode.NotebookCellData {
  const code = kind === 'code'
  const cell = new vscode.NotebookCellData(
    code ? vscode.NotebookCellKind.Code : vscode.NotebookCellKind.Markup,
    text,
    // a run file may have comments
    !code ? 'markdown' : language === 'json' ? 'jsonc' : 'typescript',
  )
  cell.metadata = metadataOf(more)
  cell.outputs = (outputs ?? []).map(
    (output) => new vscode.NotebookCellOutput(outputItems(output.items), metadataOf(output.more)),
  )
  return cell
}

/** The forms of an output as the editor wants them, ours before plain text. */
export function outputItems(items: Record<string, unknown>): vscode.NotebookCellOutputItem[] {
  return Object.entries(items)
    .sort(([a], [b]) => Number(isText(a)) - Number(isText(b)))
    .map(([mime, value]) => new vscode.NotebookCellOutputItem(bytesOf(mime, value), mime))
}

/** A picture comes from the kernel as plain base64. */
const bytesOf = (mime: string, value: unknown): Uint8Array =>
  decodeItem(mime, mime.startsWith('image/') && typeof value === 'string' ? { base64: value } : value)

function readItems({ items, metadata }: vscode.NotebookCellOutput): CellOutput[] {
  if (items.length === 0) return []
  return [
    {
      items: Object.fromEntries(items.map(({ mime, data }) => [mime, encodeItem(mime, data)])),
      ...moreOf(metadata),
    },
  ]
}
