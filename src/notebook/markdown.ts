import type { CellOutput, NotebookFile } from './document'

/** A notebook as Markdown: code in fences, outputs by their words. */
export function toMarkdown({ cells }: NotebookFile): string {
  const parts = cells.flatMap(({ kind, language, text, outputs = [] }) =>
    kind === 'markdown'
      ? [text]
      : [fenced(language === 'json' ? 'json' : 'ts', text), ...outputs.flatMap(shown)],
  )
  return `${parts.join('\n\n')}\n`
}

function shown({ items }: CellOutput): string[] {
  const markdown = items['text/markdown']
  if (typeof markdown === 'string') return [markdown]
  const text = outputText(items)
  return text === undefined ? [] : [fenced('text', text)]
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
