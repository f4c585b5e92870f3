import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

interface Told {
  title: string
  state: 'passed' | 'failed'
  ms: number
  error?: string
}

/** Runs the suites that `load` imports; writes what passed and failed into a file. */
export async function runSuites(report: string, load: () => Promise<unknown>): Promise<void> {
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 180_000,
    reporter: 'min',
    grep: process.env.THAW_EDITOR_GREP,
  })
  mocha.suite.emit('pre-require', globalThis, '', mocha)
  await load()
  const tests: Told[] = []
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve())
    const take = (state: Told['state']) => (test: Mocha.Test, error?: Error) =>
      tests.push({
        title: test.fullTitle(),
        state,
        ms: test.duration ?? 0,
        ...(error && { error: error.stack ?? error.message }),
      })
    runner.on('pass', take('passed'))
    runner.on('fail', take('failed'))
  })
  const count = (state: Told['state']) => tests.filter((test) => test.state === state).length
  writeFileSync(report, JSON.stringify({ passed: count('passed'), failed: count('failed'), tests }))
}
