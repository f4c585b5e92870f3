import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { catalog } from '../engine/strategies/catalog'
import { mediaFolder } from '../engine/media'
import { emptyView } from '../events'
import {
  exitCodeOf,
  followRun,
  onInterrupt,
  removeRun,
  RunQueue,
  signalRun,
  stopRun,
  type FollowedRun,
} from '../runner'
import { parseRunFile, UserError, type ResolvedSpec } from '../spec'
import type { Cli } from './command'
import { createDisplay, type Display } from './displays'
import { problemsError } from './runFile'

/** The demo is nothing but these run files of `examples`, in the order of its table. */
export const DEMO = [
  { file: 'scratch-small-cnn.thaw.json', transfer: false },
  { file: 'scratch-same-net.thaw.json', transfer: false },
  { file: 'linear-probe.thaw.json', transfer: true },
  { file: 'last-stage.thaw.json', transfer: true },
  { file: 'full.thaw.json', transfer: true },
  { file: 'l2-sp.thaw.json', transfer: true },
] as const

/** Alone, so that its accuracy is there within seconds. */
const FIRST = 'linear-probe.thaw.json'
/** Then two at a time, the long ones first. */
const REST = [
  'scratch-small-cnn.thaw.json',
  'full.thaw.json',
  'scratch-same-net.thaw.json',
  'last-stage.thaw.json',
]
/** Only when the rest has left time for it. */
const EXTRA = 'l2-sp.thaw.json'
const BUDGET_SECONDS = 225
const PARALLEL = 2

export interface DemoResult {
  spec: ResolvedSpec
  transfer: boolean
  run: string
  folder: string
  followed: FollowedRun
}

export interface DemoOptions {
  runs: string
  json?: boolean
}

/** Runs the demo's run files through the queue. Results in the order of the table; a stopped demo has fewer. */
export async function runDemo(cli: Cli, { runs, json }: DemoOptions): Promise<DemoResult[]> {
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  const examples = join(dirname(mediaFolder()), 'examples')
  const specs = new Map(DEMO.map(({ file }) => [file as string, readExample(examples, file)]))
  const display = createDisplay(cli.terminal, json)
  const demo = new Demo(new RunQueue(resolve(cli.terminal.cwd, runs)), display, examples)
  const limit = demo.queue.limit
  const release = onInterrupt(
    () => {
      display.note('stopping all runs; Ctrl-C again kills them')
      void demo.stop()
    },
    () => demo.kill(),
  )
  try {
    await demo.queue.setLimit(1)
    await demo.run([FIRST], specs)
    await demo.queue.setLimit(PARALLEL)
    await demo.run(REST, specs)
    const longest = demo.results.get('full.thaw.json')?.followed.view.ended?.seconds ?? Infinity
    if (elapsed() + longest < BUDGET_SECONDS) await demo.run([EXTRA], specs)
    else
      display.note(
        `L2-SP is left out: it would take this demo past ${BUDGET_SECONDS} s; thaw run ${join(examples, EXTRA)}`,
      )
  } finally {
    release()
    display.close()
    await demo.queue.setLimit(limit)
  }
  if (demo.stopped) cli.exitCode = 130
  return DEMO.flatMap(({ file }) => demo.results.get(file) ?? [])
}

class Demo {
  readonly results = new Map<string, DemoResult>()
  stopped = false
  private readonly live = new Map<string, string>()

  constructor(
    readonly queue: RunQueue,
    private readonly display: Display,
    private readonly base: string,
  ) {}

  async run(files: readonly string[], specs: ReadonlyMap<string, ResolvedSpec>): Promise<void> {
    if (this.stopped) return
    const going: Promise<void>[] = []
    for (const file of files) {
      if (this.stopped) break
      const spec = specs.get(file)!
      const { id, folder } = await this.queue.add({ spec, base: this.base })
      this.live.set(id, folder)
      going.push(this.follow(file, spec, id, folder))
      // Ctrl-C came while it was put into the line
      if (this.stopped) await this.end(id, folder)
    }
    await Promise.all(going)
  }

  async stop(): Promise<void> {
    this.stopped = true
    // the last in the line first, so that none begins because one before it has ended
    for (const [id, folder] of [...this.live].reverse()) await this.end(id, folder)
  }

  private async end(id: string, folder: string): Promise<void> {
    if (await this.queue.remove(id)) {
      // it has not begun, so there is nothing to keep
      this.leave.get(id)?.()
      removeRun(folder)
    } else if (this.live.has(id)) await stopRun(folder)
  }

  kill(): void {
    for (const [id, folder] of this.live) {
      signalRun(folder, 'SIGKILL')
      this.leave.get(id)?.()
    }
  }

  private readonly leave = new Map<string, () => void>()

  private async follow(file: string, spec: ResolvedSpec, id: string, folder: string): Promise<void> {
    this.display.update(id, spec.name ?? file, emptyView())
    const { over, leave } = followRun(folder, (view) => this.display.update(id, spec.name ?? file, view))
    const left = new Promise<undefined>((resolve) => this.leave.set(id, () => resolve(undefined)))
    const followed = await Promise.race([over, left])
    leave()
    this.live.delete(id)
    if (!followed) return
    const { transfer } = DEMO.find((row) => row.file === file)!
    this.results.set(file, { spec, transfer, run: id, folder, followed })
    if (exitCodeOf(followed) !== 0 && !this.stopped)
      this.display.note(`${spec.name} did not finish: ${followed.view.ended?.message ?? followed.how}`)
  }
}

function readExample(folder: string, name: string): ResolvedSpec {
  const file = join(folder, name)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new UserError(`${file} is missing; this installation of Thaw is not whole, install it again`, 3)
  }
  const { spec, problems } = parseRunFile(text, { file, strategies: catalog })
  if (!spec) throw problemsError(problems)
  return spec
}
