import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import type { RunView } from '../events'
import { endLine, progressLine, shareDone } from './render/progress'
import { news } from './render/news'
import type { Terminal } from './terminal'

/** Shows how runs go while they go. */
export interface Display {
  update(run: string, label: string, view: RunView): void
  /** A line between. */
  note(text: string): void
  close(): void
}

/** Bars for a person who looks; lines elsewhere, on stderr when stdout is kept for JSON. */
export function createDisplay(terminal: Terminal, json = false): Display {
  if (json) return new LineDisplay((text) => terminal.warn(text))
  return terminal.interactive ? new BarDisplay(terminal) : new LineDisplay((text) => terminal.print(text))
}

/** At most a line each five seconds a run, and one for each thing that happens. */
export class LineDisplay implements Display {
  private readonly shown = new Map<string, { view: RunView; time: number; line: string }>()

  constructor(
    private readonly print: (text: string) => void,
    private readonly everyMs = 5000,
    private readonly now: () => number = Date.now,
  ) {}

  update(run: string, label: string, view: RunView): void {
    const last = this.shown.get(run)
    for (const line of news(last?.view, view)) this.print(`${label}: ${line}`)
    const line = view.ended ? endLine(view) : progressLine(view)
    const due = !last || view.ended || this.now() - last.time >= this.everyMs
    if (due && line !== last?.line) {
      this.print(`${label}: ${line}`)
      this.shown.set(run, { view, time: this.now(), line })
    } else this.shown.set(run, { view, time: last?.time ?? this.now(), line: last?.line ?? '' })
  }

  note(text: string): void {
    this.print(text)
  }

  close(): void {}
}

class BarDisplay implements Display {
  private readonly bars = new Map<string, SingleBar>()
  private readonly seen = new Map<string, RunView>()
  private readonly multi: MultiBar
  private width = 0

  constructor(terminal: Terminal) {
    const size = Math.max(10, Math.min(30, terminal.columns - 90))
    this.multi = new MultiBar(
      {
        format: `{label} {bar} {line}`,
        barsize: size,
        hideCursor: true,
        stopOnComplete: false,
        clearOnComplete: false,
        linewrap: false,
        fps: 8,
        stream: process.stdout,
      },
      Presets.shades_classic,
    )
  }

  update(run: string, label: string, view: RunView): void {
    this.width = Math.max(this.width, label.length)
    for (const line of news(this.seen.get(run), view)) this.note(`${label}: ${line}`)
    this.seen.set(run, view)
    const payload = { label: label.padEnd(this.width), line: progressLine(view) }
    const bar = this.bars.get(run) ?? this.multi.create(1000, 0, payload)
    this.bars.set(run, bar)
    bar.update(Math.round(1000 * shareDone(view)), payload)
  }

  note(text: string): void {
    this.multi.log(`${text}\n`)
  }

  close(): void {
    this.multi.update()
    this.multi.stop()
  }
}
