import pc from 'picocolors'

export type Colours = ReturnType<typeof pc.createColors>

/** Where a command writes. Tests hand in one that collects. */
export interface Terminal {
  /** Lines to stdout. */
  print(text: string): void
  /** Lines to stderr. */
  warn(text: string): void
  /** Someone looks at it: progress bars and colours make sense. */
  interactive: boolean
  columns: number
  colours: Colours
  cwd: string
}

export function processTerminal(): Terminal {
  const interactive = process.stdout.isTTY === true && process.env.TERM !== 'dumb' && !process.env.CI
  const colours = pc.createColors(interactive && !process.env.NO_COLOR)
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    warn: (text) => void process.stderr.write(`${text}\n`),
    interactive,
    columns: process.stdout.columns ?? 100,
    colours,
    cwd: process.cwd(),
  }
}
