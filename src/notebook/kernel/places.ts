import { inspect } from 'node:util'
import { UserError } from '../../spec/types'
import { Interrupted } from '../interrupted'
import type { CellFailure } from '../protocol'
import type { CompiledCell } from '../transform'

interface KnownCell {
  cell: string
  label: string
  compiled: CompiledCell
}

const FRAME = /^\s*at (?:async )?(?:(.*?) \()?thaw-cell:(\d+):(\d+):(\d+)\)?$/

/** Whose code runs under which script name, so that errors name places in cells. */
export class Places {
  private readonly cells = new Map<number, KnownCell>()
  private count = 0

  /** @returns the script's file name */
  add(cell: KnownCell): string {
    this.count++
    // what older cells declared may fail in newer ones, for long; text is small
    this.cells.set(this.count, cell)
    return `thaw-cell:${this.count}`
  }

  /** A person's own error keeps its stack, in places of cells and of their files; ours is a sentence. */
  failure(error: unknown, cell: { cell: string; label: string }): CellFailure {
    if (!(error instanceof Error))
      return { type: 'failure', name: 'Error', message: `The code threw ${inspect(error)}.`, stack: '' }
    const frames = this.frames(error)
    const syntax = (error as { at?: { line: number; column: number } }).at
    const place = syntax ? { cell: cell.cell, ...syntax } : frames.find(({ place }) => place)?.place
    const spoken = error instanceof UserError || error instanceof Interrupted
    const message = syntax ? `${error.message} (line ${syntax.line}, column ${syntax.column})` : error.message
    return {
      type: 'failure',
      name: error.name,
      message,
      stack:
        spoken || syntax ? '' : [`${error.name}: ${message}`, ...frames.map(({ text }) => text)].join('\n'),
      ...(place && { place }),
    }
  }

  private frames(error: Error): { text: string; place?: CellFailure['place'] }[] {
    const lines = (error.stack ?? '').split('\n').filter((line) => /^\s*at /.test(line))
    return lines.flatMap((line) => {
      const found = FRAME.exec(line)
      if (found) return this.cellFrame(found)
      // what lies between is the kernel's and Node's, of no use to whoever wrote the cell
      return /\(?node:|kernel\.js|thaw-own:|<anonymous>/.test(line) ? [] : [{ text: line }]
    })
  }

  private cellFrame([, name, number, line, column]: RegExpExecArray) {
    const known = this.cells.get(Number(number))
    const at = known?.compiled.place(Number(line), Number(column))
    if (!known || !at) return []
    const where = `${known.label}, line ${at.line}, column ${at.column}`
    return [
      { text: name ? `    at ${name} (${where})` : `    at ${where}`, place: { cell: known.cell, ...at } },
    ]
  }
}
