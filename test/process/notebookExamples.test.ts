import { mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readNotebook, type NotebookCell } from '../../src/notebook/document'
import { Headless } from '../../src/notebook/headless'
import { startKernel } from '../../src/notebook/kernelProcess'
import { weightsIn, weightsOfFile } from './notebookKernel'

const examples = join(import.meta.dirname, '../../examples')

/** What a cell's outputs hold, by their types. */
const formsOf = ({ outputs = [] }: NotebookCell): string[] =>
  outputs.flatMap(({ items }) => Object.keys(items))

const wordsOf = ({ outputs = [] }: NotebookCell): string =>
  outputs.map(({ items }) => String(items['text/plain'] ?? '')).join('\n')

/**
 * Runs an example as `thaw nb run` does, with a tenth of its steps, and cells of the test's own behind its last.
 * @param shorter what is written otherwise; each has to be there
 */
async function runExample(name: string, shorter: [from: string, to: string][], more: NotebookCell[] = []) {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'thaw-example-')))
  const notebook = readNotebook(readFileSync(join(examples, name), 'utf8'))
  let text = JSON.stringify(notebook.cells.map((cell) => cell.text))
  for (const [from, to] of shorter) {
    expect(text, `${name} as it was when this test was written`).toContain(from)
    text = text.replaceAll(from, to)
  }
  const texts = JSON.parse(text) as string[]
  const cells = [...notebook.cells.map((cell, i) => ({ ...cell, text: texts[i]! })), ...more]
  const start = startKernel({ base, name, log: () => undefined })
  const ran = await new Headless({ v: 1, cells }, { start }).run()
  expect(ran.failed).toEqual([])
  const code = ran.notebook.cells.filter(({ kind }) => kind === 'code')
  expect(ran.ran).toBe(code.length)
  return { base, code }
}

/** The run folder of a session, by what its name begins with. */
function runOf(base: string, name: string): string {
  const runs = join(base, '.thaw/runs')
  const found = readdirSync(runs).filter((id) => id.includes(name))
  expect(found, `runs called ${name} among ${readdirSync(runs).join()}`).toHaveLength(1)
  return join(runs, found[0]!)
}

describe('the example notebooks, headless', { timeout: 600_000 }, () => {
  test('first-steps: all cells, an exact way back, and a run file with the same weights', async () => {
    const exact = `
      const same = (a: typeof session, b: typeof session) =>
        a.weights.names().every((name) => {
          const [x, y] = [a.weights.get(name).data, b.weights.get(name).data]
          return x.every((value, i) => Object.is(value, y[i]))
        })
      const again = past.fork({ name: 'again' })
      again.freeze('stem', 'stage1', 'stage2', 'stage3')
      await again.step(2)
      ;[again.steps, same(again, session), same(held, session)]`
    const { base, code } = await runExample(
      'first-steps.thawnb',
      [
        ['seed: 1, steps: 60', "seed: 1, steps: 6, name: 'mine'"],
        ['step(40)', 'step(4)'],
        ['step(20)', 'step(2)'],
        ['at(40)', 'at(4)'],
        ['shots: 10', 'shots: 2'],
      ],
      [{ kind: 'code', text: exact }],
    )
    const [opened, stepped, predicted, compared] = code.map(formsOf)
    const thaw = (what: string) => `application/vnd.thaw.${what}+json`
    expect(opened).toContain(thaw('session'))
    expect(stepped).toEqual(expect.arrayContaining(['step', 'curves', 'freeze-map'].map(thaw)))
    expect(predicted).toContain(thaw('images'))
    expect(compared).toContain(thaw('comparison'))
    // one display of both calls of `step`, with what was frozen in between
    expect(code[1]!.outputs![0]!.items[thaw('step')]).toMatchObject({ done: 6, steps: [1, 2, 3, 4, 5, 6] })
    expect(wordsOf(code[1]!)).toMatch(/^stage3 +[1-9]{4}··$/m)
    expect(wordsOf(code[4]!)).toContain('"actions"')
    expect(wordsOf(code[5]!).trim().split('\n').at(-1)).toBe('[ 6, true, false ]')
    const mine = weightsIn(runOf(base, 'mine'))
    expect(mine.equals(await weightsOfFile(base, 'first-steps.thaw.json'))).toBe(true)
  })

  test('first-steps-no-code: the same without a line of code', async () => {
    const { base, code } = await runExample('first-steps-no-code.thawnb', [
      ['\\"steps\\": 40', '\\"steps\\": 4'],
      ['\\"take\\": 20', '\\"take\\": 2'],
      ['\\"at\\": 20', '\\"at\\": 2'],
      ['\\"shots\\": 10', '\\"shots\\": 2'],
    ])
    expect(wordsOf(code[2]!)).toContain('held minus session')
    const own = weightsIn(runOf(base, 'first-steps-no-code'))
    expect(own.equals(await weightsOfFile(base, 'first-steps-no-code.thaw.json'))).toBe(true)
  })
})
