import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { TEXT_LIMIT, type KernelOutput } from '../protocol'

interface Printing {
  cell: string
  printed: number
  dropped: number
}

/**
 * The cell that runs, or ran last: what timers and promises print that older cells left behind goes there. Following
 * code through its promises (AsyncLocalStorage) would tell more, but Node aborts when followed code is broken off.
 */
export const currentCell = {
  store: undefined as Printing | undefined,
}

/** Text is gathered for so long, so that a loop that prints does not send a message a line. */
const GATHER_MS = 25

type Tell = (cell: string, output: KernelOutput) => void

/** Console text on its way to the front end, by cell and stream, limited to `TEXT_LIMIT` a cell. */
export class ConsoleStream {
  private waiting: { cell: string; stream: 'out' | 'error'; text: string }[] = []
  private timer?: NodeJS.Timeout

  constructor(
    private readonly tell: Tell,
    /** Of text that belongs to no cell. */
    private readonly otherwise: (text: string) => void,
  ) {}

  /** The `console` of cells. */
  console(): Console {
    return new Console(this.writable('out'), this.writable('error'))
  }

  writable(stream: 'out' | 'error'): Writable {
    return new Writable({
      decodeStrings: false,
      write: (text: unknown, _encoding, done) => {
        this.print(stream, String(text))
        done()
      },
    })
  }

  private print(stream: 'out' | 'error', text: string): void {
    const store = currentCell.store
    if (!store) return this.otherwise(text)
    const left = TEXT_LIMIT - store.printed
    const kept = text.slice(0, Math.max(0, left))
    store.printed += kept.length
    store.dropped += text.length - kept.length
    if (kept === '') return
    const last = this.waiting.at(-1)
    if (last?.cell === store.cell && last.stream === stream) last.text += kept
    else this.waiting.push({ cell: store.cell, stream, text: kept })
    this.timer ??= setTimeout(() => this.flush(), GATHER_MS)
  }

  /** Sends what waits; outputs of other kinds must not overtake it. */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { waiting } = this
    this.waiting = []
    for (const { cell, stream, text } of waiting) this.tell(cell, { type: 'text', stream, text })
  }

  /** Says at the end of a cell what it printed too much. */
  close(store: { cell: string; dropped: number }): void {
    this.flush()
    if (store.dropped > 0)
      this.tell(store.cell, {
        type: 'text',
        stream: 'error',
        text: `\n… ${store.dropped.toLocaleString('en')} more characters were not kept: a cell prints at most ${TEXT_LIMIT.toLocaleString('en')}.\n`,
      })
  }
}
