import type tsModule from 'typescript'
import { exportsOf, namesBelow, readCell, tailOf, type CellText, type Names } from './chain'

type TypeScript = typeof tsModule

/** What the extension sends with `configurePlugin`. */
export interface NotebookOrder {
  /** Cells of each open notebook from top to bottom, as `PATH#FRAGMENT` of their addresses. */
  notebooks: string[][]
}

const SCHEME = '^/vscode-notebook-cell/'

export interface Text {
  text: string
  version: string
}

/**
 * The notebooks that the editor has open, for all projects of one TypeScript server. The server knows a cell as
 * `^/vscode-notebook-cell/AUTHORITY/PATH#FRAGMENT`.
 */
export class Notebooks {
  /** The cell above by `PATH#FRAGMENT`. */
  private above = new Map<string, string | undefined>()
  private parsed = new Map<string, { text: string; cell: CellText }>()
  private apiNames?: Names
  /** Counts the orders that came: part of every project's version. */
  changes = 0

  constructor(
    private readonly ts: TypeScript,
    /** The cell API's declarations. */
    readonly api: string,
  ) {}

  configure({ notebooks }: NotebookOrder): void {
    this.above = new Map(
      notebooks.flatMap((cells) => cells.map((key, i): [string, string | undefined] => [key, cells[i - 1]])),
    )
    this.changes++
  }

  /** Whether a file is a cell of one of our notebooks. */
  isCell(file: string): boolean {
    return file.startsWith(SCHEME) && this.above.has(keyOf(file))
  }

  cellAbove(file: string): string | undefined {
    const above = this.above.get(keyOf(file))
    return above === undefined ? undefined : file.slice(0, file.length - keyOf(file).length) + above
  }

  /** What stands behind a cell's text, see `tailOf`. */
  tail(file: string, read: (file: string) => Text | undefined): string {
    const own = this.cell(file, read)
    return own ? tailOf(own, this.namesAbove(file, read), this.namesOfApi(read)) : ''
  }

  /** What the names are that a cell has from its tail. */
  inherited(file: string, read: (file: string) => Text | undefined): Names {
    const all = new Map([...this.namesOfApi(read), ...this.namesAbove(file, read)])
    for (const name of this.cell(file, read)?.names.keys() ?? []) all.delete(name)
    return all
  }

  private namesAbove(file: string, read: (file: string) => Text | undefined): Names {
    let names: Names = new Map()
    const chain: string[] = []
    for (let at = this.cellAbove(file); at !== undefined; at = this.cellAbove(at)) chain.push(at)
    for (const one of chain.reverse()) {
      const cell = this.cell(one, read)
      // what the server has not got breaks the chain: nothing above it can be imported through it
      names = cell ? namesBelow(cell, names) : new Map()
    }
    return names
  }

  private namesOfApi(read: (file: string) => Text | undefined): Names {
    this.apiNames ??= exportsOf(this.ts, read(this.api)?.text ?? '')
    return this.apiNames
  }

  private cell(file: string, read: (file: string) => Text | undefined): CellText | undefined {
    const found = read(file)
    if (!found) return undefined
    const known = this.parsed.get(file)
    if (known?.text === found.text) return known.cell
    const cell = readCell(this.ts, found.text)
    this.parsed.set(file, { text: found.text, cell })
    return cell
  }
}

/** A cell's own file name: where modules are resolved, the project's folder stands in front of it. */
export const cellName = (file: string): string => file.slice(Math.max(0, file.indexOf(SCHEME)))

/** `PATH#FRAGMENT` of a cell's file name. */
function keyOf(file: string): string {
  const authority = file.indexOf('/', SCHEME.length)
  return file.slice(authority)
}

/** Where the notebook lies on disk, for imports beside it: `/home/me/first.thawnb`, `c:/Users/me/first.thawnb`. */
export function notebookPath(file: string): string {
  const path = keyOf(file).replace(/#[^#]*$/, '')
  return /^\/[a-z]:\//i.test(path) ? path.slice(1) : path
}
