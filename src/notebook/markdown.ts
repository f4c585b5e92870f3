import type { CellOutput, NotebookFile } from './document'

/** A picture of an output, in a file beside the Markdown. */
export interface OutputPicture {
  title: string
  /** Relative, as a link. */
  file: string
}

/**
 * A notebook as Markdown: code in fences, outputs by their words.
 * @param pictures of outputs; their words then fold under the picture
 */
export function toMarkdown(
  { cells }: NotebookFile,
  pictures: ReadonlyMap<CellOutput, OutputPicture> = new Map(),
): string {
  const parts = cells.flatMap(({ kind, language, text, outputs = [] }) =>
    kind === 'markdown'
      ? [text]
      : [
          fenced(language === 'json' ? 'json' : 'ts', text),
          ...outputs.flatMap((output) => shown(output, pictures.get(output))),
        ],
  )
  return `${parts.join('\n\n')}\n`
}

function shown({ items }: CellOutput, picture?: OutputPicture): string[] {
  const markdown = items['text/markdown']
  if (typeof markdown === 'string') return [markdown]
  const text = outputText(items)
  const words = text === undefined ? [] : [fenced('text', text)]
  if (!picture) return words
  const { title, file } = picture
  const image = `![${title.replace(/[[\]\\]/g, '\\$&')}](<${file}>)`
  return [image, ...words.map((fence) => `<details><summary>In words</summary>\n\n${fence}\n\n</details>`)]
}

/** The words of an output: of a stream, an error, or a display. */
export function outputText(items: CellOutput['items']): string | undefined {
  for (const mime of [
    'text/plain',
    'application/vnd.code.notebook.stdout',
    'application/vnd.code.notebook.stderr',
  ]) {
    const text = items[mime]
    if (typeof text === 'string') return text.replace(/\n$/, '')
  }
  const error = items['application/vnd.code.notebook.error'] as
    { name?: string; message?: string; stack?: string } | undefined
  return error && (error.stack ? error.stack : `${error.name ?? 'Error'}: ${error.message ?? ''}`)
}

/** With a fence that the text does not hold itself. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}
