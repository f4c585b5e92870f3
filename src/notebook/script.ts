import type { NotebookCell, NotebookFile } from './document'

/** Begins a cell, as in other editors' scripts. */
const MARK = /^\/\/ %%(?: \[(markdown|json)\])?[ \t]*$/

/**
 * A notebook as a script with a comment line between cells: text that any editor shows and `thaw nb run` runs.
 * Markdown and JSON stand in comments. Outputs are left out.
 */
export function toScript({ cells }: NotebookFile): string {
  return `${cells.map(printCell).join('\n\n')}\n`
}

function printCell({ kind, language, text }: NotebookCell): string {
  const name = kind === 'markdown' ? 'markdown' : language === 'json' ? 'json' : undefined
  const head = name ? `// %% [${name}]` : '// %%'
  const lines = text.split('\n')
  const body = name ? lines.map((line) => (line === '' ? '//' : `// ${line}`)) : lines
  return [head, ...body].join('\n')
}

/** Reads what `toScript` writes. What stands before the first mark is a cell too, where it is not empty. */
export function fromScript(text: string): NotebookFile {
  const cells: NotebookCell[] = []
  let mark: RegExpExecArray | undefined
  let lines: string[] = []
  const close = () => {
    const trimmed = lines.join('\n').replace(/\n+$/, '')
    if (mark || trimmed.trim() !== '') cells.push(readCell(mark?.[1], trimmed))
    lines = []
  }
  for (const line of text.replace(/\r\n/g, '\n').split('\n')) {
    const found = MARK.exec(line)
    if (!found) lines.push(line)
    else {
      close()
      mark = found
    }
  }
  close()
  return { v: 1, cells }
}

function readCell(name: string | undefined, text: string): NotebookCell {
  if (!name) return { kind: 'code', text }
  const plain = text
    .split('\n')
    .map((line) => line.replace(/^\/\/ ?/, ''))
    .join('\n')
  return name === 'markdown'
    ? { kind: 'markdown', text: plain }
    : { kind: 'code', language: 'json', text: plain }
}
