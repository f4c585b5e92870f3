import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

interface Told {
  title: string
  state: 'passed' | 'failed'
  ms: number
  error?: string
}

/** Called by the editor; writes what passed and failed to the file that THAW_TEST_REPORT names. */
export async function run(): Promise<void> {
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 180_000,
    reporter: 'min',
    grep: process.env.THAW_EDITOR_GREP,
  })
  mocha.suite.emit('pre-require', globalThis, '', mocha)
  await import('./activation.test')
  await import('./problems.test')
  await import('./run.test')
  await import('./notebook.test')
  await import('./cellTypes.test')
  await import('./notebookKernel.test')
  await import('./runFiles.test')
  await import('./settings.test')
  await import('./list.test')
  const tests: Told[] = []
  const report = () =>
    JSON.stringify({
      passed: tests.filter((test) => test.state === 'passed').length,
      failed: tests.filter((test) => test.state === 'failed').length,
      tests,
    })
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
  writeFileSync(process.env.THAW_TEST_REPORT ?? 'editor.json', report())
}
