import { UserError } from '../spec/types'
import type { CellLanguage, OutputItems } from './protocol'

/**
 * A notebook on disk: JSON with a line for each line of a cell, so that version control shows what changed; outputs may
 * be left out. Fields that this version does not know stay as they are.
 */
export interface NotebookFile {
  v: 1
  cells: NotebookCell[]
  /** What else the file holds, beside `v` and `cells`. */
  more?: Record<string, unknown>
}

export interface NotebookCell {
  kind: 'code' | 'markdown'
  /** Of code; default `typescript`. */
  language?: CellLanguage
  text: string
  outputs?: CellOutput[]
  more?: Record<string, unknown>
}

/** One output in several forms: text, JSON, or `{ base64 }` for bytes. */
export interface CellOutput {
  items: OutputItems
  more?: Record<string, unknown>
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
    const conflict = text.split('\n').findIndex((line) => /^(<{7}|={7}|>{7})( |\r?$)/.test(line))
    if (conflict >= 0)
      throw new UserError(
        `This notebook holds the marks of a merge conflict, the first in line ${conflict + 1}. Open it as text and choose between the two sides.`,
      )
    throw new UserError(`This notebook is not JSON: ${(error as Error).message}. Open it as text to mend it.`)
  }
  const file = value as { v?: unknown; cells?: unknown }
  if (typeof value !== 'object' || value === null || !Array.isArray(file.cells))
    throw new UserError('This notebook has no list of `cells`. Open it as text to mend it.')
  if (file.v !== 1)
    throw new UserError(
      `This notebook has version ${String(file.v)}; this Thaw reads version 1. Update Thaw.`,
    )
  const { v: _v, cells, ...more } = file
  return { v: 1, cells: (cells as unknown[]).map(readCell), ...other(more) }
}

/** Only where there is something, so that a plain file gives a plain value. */
const other = (more: object) => (Object.keys(more).length > 0 ? { more: { ...more } } : {})

function readCell(value: unknown, index: number): NotebookCell {
  const cell = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const { kind, language, text, outputs, ...more } = cell
  const lines = typeof text === 'string' ? [text] : text
  if (!Array.isArray(lines) || !lines.every((line) => typeof line === 'string'))
    throw new UserError(`Cell ${index + 1} of this notebook has no \`text\`. Open it as text to mend it.`)
  const read = Array.isArray(outputs) ? outputs.flatMap(readOutput) : []
  return {
    kind: kind === 'markdown' ? 'markdown' : 'code',
    ...(language === 'json' && { language }),
    text: lines.join('\n'),
    ...(read.length > 0 && { outputs: read }),
    // a kind or language of a later version comes back as it was
    ...other({
      ...more,
      ...(kind !== undefined && kind !== 'markdown' && kind !== 'code' && { kind }),
      ...(language !== undefined && language !== 'json' && language !== 'typescript' && { language }),
    }),
  }
}

function readOutput(value: unknown): CellOutput[] {
  const { items, ...more } = (value ?? {}) as { items?: unknown }
  if (typeof items !== 'object' || items === null) return []
  // text is kept by lines, as code is
  const read = Object.entries(items as Record<string, unknown>).map(([mime, item]) => [
    mime,
    isText(mime) && Array.isArray(item) ? item.join('\n') : item,
  ])
  return [{ items: Object.fromEntries(read) as OutputItems, ...other(more) }]
}

/** The file's text; the same notebook always gives the same bytes. */
export function printNotebook(file: NotebookFile): string {
  const cells = file.cells.map(({ kind, language, text, outputs, more }) => {
    const fields: Record<string, string> = {
      kind: JSON.stringify(kind),
      ...(kind === 'code' && language === 'json' && { language: JSON.stringify(language) }),
      ...printed(more),
      text: JSON.stringify(text.split('\n'), null, 1).replace(/\n/g, '\n   '),
    }
    if (outputs && outputs.length > 0)
      fields.outputs = `[\n${outputs.map((output) => `    ${printOutput(output)}`).join(',\n')}\n   ]`
    return `  {\n${joined(fields, '   ')}\n  }`
  })
  const list = cells.length > 0 ? `[\n${cells.join(',\n')}\n ]` : '[]'
  return `{\n${joined({ v: '1', ...printed(file.more), cells: list }, ' ')}\n}\n`
}

/** Each form on one line, so that a new result is few changed lines; text by lines. */
function printOutput({ items, more }: CellOutput): string {
  const forms = Object.entries(items).map(([mime, item]) => {
    const value = isText(mime) && typeof item === 'string' && item.includes('\n') ? item.split('\n') : item
    const text = Array.isArray(value) && isText(mime) ? JSON.stringify(value, null, 1) : JSON.stringify(value)
    return `      ${JSON.stringify(mime)}: ${(text ?? 'null').replace(/\n/g, '\n      ')}`
  })
  const rest = Object.entries(printed(more)).map(([key, value]) => `, ${JSON.stringify(key)}: ${value}`)
  return `{ "items": {\n${forms.join(',\n')}\n    }${rest.join('')} }`
}

const printed = (more: Record<string, unknown> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(more).map(([key, value]) => [key, JSON.stringify(value)]))

const joined = (fields: Record<string, string>, indent: string): string =>
  Object.entries(fields)
    .map(([key, value]) => `${indent}${JSON.stringify(key)}: ${value}`)
    .join(',\n')

const STREAM = 'application/vnd.code.notebook.'

/** Forms that are text in a file: the console's streams are too. */
export const isText = (mime: string): boolean =>
  mime.startsWith('text/') || mime === `${STREAM}stdout` || mime === `${STREAM}stderr`

export const isJson = (mime: string): boolean =>
  mime.endsWith('json') || mime === `${STREAM}error` || mime.endsWith('+json')

/** A form's bytes as the file has it. Nothing is lost: what is neither text nor JSON is base64. */
export function encodeItem(mime: string, bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (isText(mime)) return text
    // numbers such as 1e400 would come back as others
    if (isJson(mime)) {
      const value = JSON.parse(text) as unknown
      if (keptBytes(value) !== undefined) return { base64: base64(bytes) }
      if (JSON.stringify(value) === text) return value
      return JSON.stringify(JSON.parse(JSON.stringify(value))) === JSON.stringify(value)
        ? value
        : { base64: base64(bytes) }
    }
  } catch {
    // not what its type says: as bytes
  }
  return { base64: base64(bytes) }
}

export function decodeItem(mime: string, value: unknown): Uint8Array {
  const kept = keptBytes(value)
  if (kept !== undefined) return new Uint8Array(Buffer.from(kept, 'base64'))
  const text = isText(mime) && typeof value === 'string' ? value : JSON.stringify(value)
  return new TextEncoder().encode(text)
}

/** The base64 of `{ base64 }`; undefined for any other value. */
function keptBytes(value: unknown): string | undefined {
  const kept = (value as { base64?: unknown } | null)?.base64
  return typeof kept === 'string' && Object.keys(value as object).length === 1 ? kept : undefined
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
