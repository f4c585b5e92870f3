import { runSuites } from './mocha'

/** Called by the editor, in a window on one folder. */
export function run(): Promise<void> {
  return runSuites(process.env.THAW_TEST_REPORT ?? 'editor.json', async () => {
    await import('./activation.test')
    await import('./problems.test')
    await import('./run.test')
    await import('./notebook.test')
    await import('./cellTypes.test')
    await import('./notebookKernel.test')
    await import('./runFiles.test')
    await import('./settings.test')
    await import('./native.test')
    await import('./study.test')
    await import('./list.test')
  })
}
