import { UserError } from '../spec/types'

/** A notebook on disk: text by lines, so that version control shows what changed; outputs may be left out. */
export interface NotebookFile {
  v: 1
  cells: NotebookCell[]
}

export interface NotebookCell {
  kind: 'code' | 'markdown'
  text: string
  outputs?: CellOutput[]
}

/** One output in several forms; by MIME type, text or JSON. */
export interface CellOutput {
  items: Record<string, unknown>
}

/**
 * Reads `*.thawnb`. An empty file is an empty notebook.
 * @throws UserError saying what is wrong with the file
 */
export function readNotebook(text: string): NotebookFile {
  if (text.trim() === '') return { v: 1, cells: [] }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError(`This notebook is not JSON: ${(error as Error).message}. Open it as text to mend it.`)
  }
  const file = value as { v?: unknown; cells?: unknown }
  if (typeof value !== 'object' || value === null || !Array.isArray(file.cells))
    throw new UserError('This notebook has no list of `cells`. Open it as text to mend it.')
  if (file.v !== 1)
    throw new UserError(
      `This notebook has version ${String(file.v)}; this Thaw reads version 1. Update Thaw.`,
    )
  return { v: 1, cells: file.cells.map(readCell) }
}

function readCell(value: unknown, index: number): NotebookCell {
  const cell = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const lines = typeof cell.text === 'string' ? [cell.text] : cell.text
  if (!Array.isArray(lines) || !lines.every((line) => typeof line === 'string'))
    throw new UserError(`Cell ${index + 1} of this notebook has no \`text\`. Open it as text to mend it.`)
  const outputs = Array.isArray(cell.outputs) ? cell.outputs.flatMap(readOutput) : []
  return {
    kind: cell.kind === 'markdown' ? 'markdown' : 'code',
    text: lines.join('\n'),
    ...(outputs.length > 0 && { outputs }),
  }
}

function readOutput(value: unknown): CellOutput[] {
  const items = (value as { items?: unknown } | null)?.items
  return typeof items === 'object' && items !== null ? [{ items: items as Record<string, unknown> }] : []
}

/** The file's text; the same notebook always gives the same bytes. */
export function printNotebook(file: NotebookFile): string {
  const cells = file.cells.map(({ kind, text, outputs }) => ({
    kind,
    text: text.split('\n'),
    ...(outputs && outputs.length > 0 && { outputs }),
  }))
  return `${JSON.stringify({ v: 1, cells }, null, 1)}\n`
}
