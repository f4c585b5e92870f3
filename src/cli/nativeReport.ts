import { Presets, SingleBar } from 'cli-progress'
import type { Report } from '../native'
import type { Terminal } from './terminal'

/** A bar for a person who looks; elsewhere a line for each tenth of each part, on stderr. */
export function nativeReport(terminal: Terminal): Report & { close(): void } {
  let bar: SingleBar | undefined
  let current = ''
  // of the part that goes on, told last
  let tenth = 0
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
      tenth = 0
    }
    const now = total ? Math.floor((10 * done) / total) : 0
    if (!terminal.interactive && now > tenth && now < 10) {
      tenth = now
      terminal.warn(`${what} ${10 * now} %`)
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
