import { Presets, SingleBar } from 'cli-progress'
import type { Report } from '../native'
import type { Terminal } from './terminal'

/** A bar for a person who looks; elsewhere one line for each part, on stderr. */
export function nativeReport(terminal: Terminal): Report & { close(): void } {
  let bar: SingleBar | undefined
  let current = ''
  const close = () => {
    bar?.stop()
    bar = undefined
    current = ''
  }
  const progress = (what: string, done: number, total?: number) => {
    if (what !== current) {
      close()
      current = what
      if (terminal.interactive) {
        const format = `${what} {bar} {percentage}% of {total} MB`
        bar = new SingleBar(
          { format, barsize: 30, hideCursor: true, fps: 8, stream: process.stderr },
          Presets.shades_classic,
        )
        bar.start(megabytes(total ?? done), 0)
      } else terminal.warn(what)
    }
    if (total) bar?.setTotal(megabytes(total))
    bar?.update(megabytes(done))
  }
  const note = (text: string) => {
    close()
    terminal.warn(text)
  }
  return { note, progress, close }
}

const megabytes = (count: number): number => Math.round(count / 1e6)
