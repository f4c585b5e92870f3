import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as vscode from 'vscode'
import { decode, ended, execute, openNotebook, showNotebook } from './notebooks'
import { tinyRun, until, write } from './support'

/** Texts below a cell, as the status bar providers give them. */
async function staleMarks(notebook: vscode.NotebookDocument): Promise<(string | undefined)[]> {
  const all = await vscode.commands.executeCommand<Record<string, string>>(
    'thaw.notebook.staleMarks',
    notebook.uri,
  )
  return notebook.getCells().map((cell) => all[cell.document.uri.toString()])
}

describe('the kernel of a notebook', () => {
  before(() => write('notebook/tiny.thaw.json', tinyRun(8)))

  it('marks what no longer follows from the cells above, and runs it again', async () => {
    const notebook = await openNotebook('stale', 'let a = 1', 'a = a + 1', 'a', "'alone'")
    await execute(notebook, 0, 4)
    await ended(notebook, 3)
    assert.deepEqual(await staleMarks(notebook), [undefined, undefined, undefined, undefined])
    const edit = new vscode.WorkspaceEdit()
    edit.replace(notebook.cellAt(0).document.uri, new vscode.Range(0, 8, 0, 9), '5')
    await vscode.workspace.applyEdit(edit)
    assert.deepEqual(await staleMarks(notebook), [
      'edited after it ran',
      'cell 1 was edited after this',
      'cell 2 is stale',
      undefined,
    ])
    await vscode.commands.executeCommand('thaw.notebook.runStale', notebook.uri)
    await until('the result', () => {
      const [output] = notebook.cellAt(2).outputs
      return output && decode(output.items[0]!) === '6'
    })
    assert.deepEqual(await staleMarks(notebook), [undefined, undefined, undefined, undefined])
  })

  it('keeps what a file holds: cells without code, and fields of a later version', async () => {
    const uri = write('notebook/later.thawnb', {
      ...{ v: 1, later: { a: 1 } },
      cells: [
        { kind: 'code', language: 'json', text: ['{ "take": 1 }'], tag: 'x' },
        { kind: 'code', text: ['1'], outputs: [{ items: { 'image/png': { base64: 'iVBORw0KGgo=' } } }] },
      ],
    })
    const notebook = await showNotebook(uri)
    assert.equal(notebook.cellAt(0).document.languageId, 'jsonc')
    const edit = new vscode.WorkspaceEdit()
    edit.insert(notebook.cellAt(1).document.uri, new vscode.Position(0, 1), '23')
    await vscode.workspace.applyEdit(edit)
    await notebook.save()
    const file = JSON.parse(readFileSync(uri.fsPath, 'utf8')) as Record<string, unknown>
    assert.deepEqual(file, {
      ...{ v: 1, later: { a: 1 } },
      cells: [
        { kind: 'code', language: 'json', tag: 'x', text: ['{ "take": 1 }'] },
        { kind: 'code', text: ['123'], outputs: [{ items: { 'image/png': { base64: 'iVBORw0KGgo=' } } }] },
      ],
    })
  })

  it('keeps two notebooks apart', async () => {
    const [one, two] = [await openNotebook('one', 'const mine = 1'), await openNotebook('two', 'typeof mine')]
    await execute(one, 0, 1)
    await ended(one, 0)
    await execute(two, 0, 1)
    assert.equal(decode((await ended(two, 0)).outputs[0]!.items[0]!), 'undefined')
  })

  it('may crash: the cell says so, and the next run has a new kernel', async () => {
    const notebook = await openNotebook('crash', 'process.kill(process.pid, "SIGKILL")', '1 + 1')
    await execute(notebook, 0, 1)
    const cell = await ended(notebook, 0, 30_000)
    assert.equal(cell.executionSummary!.success, false)
    assert.match(decode(cell.outputs.at(-1)!.items[0]!), /The kernel was killed/)
    await execute(notebook, 1, 2)
    assert.equal(decode((await ended(notebook, 1)).outputs[0]!.items[0]!), '2')
  })

  it('says of each step what was declared at it: a freeze in the middle of a cell is no alarm', async () => {
    const notebook = await openNotebook(
      'freeze',
      "const tuned = await openFile('tiny.thaw.json')",
      'await tuned.step(2)\ntuned.freeze(tuned.stages[0])\nawait tuned.step(2)',
    )
    await execute(notebook, 0, 2)
    const cell = await ended(notebook, 1)
    const item = cell.outputs[0]!.items.find(({ mime }) => mime === 'application/vnd.thaw.step+json')
    const { steps, stages } = JSON.parse(decode(item!)) as {
      steps: number[]
      stages: { trained: boolean[]; moved: (boolean | null)[] }[]
    }
    assert.deepEqual(steps, [1, 2, 3, 4])
    assert.deepEqual(stages[0]!.trained, [true, true, false, false])
    assert.deepEqual(stages[0]!.moved, [true, true, false, false])
  })

  it('runs cells of run-file JSON beside code', async () => {
    const notebook = await openNotebook('json', 'session.steps')
    const json = new vscode.NotebookCellData(
      vscode.NotebookCellKind.Code,
      '{ "file": "tiny.thaw.json", "take": 3 }',
      'jsonc',
    )
    const edit = new vscode.WorkspaceEdit()
    edit.set(notebook.uri, [vscode.NotebookEdit.insertCells(0, [json])])
    await vscode.workspace.applyEdit(edit)
    await execute(notebook, 0, 2)
    const cell = await ended(notebook, 1)
    assert.equal(
      decode(cell.outputs[0]!.items[0]!),
      '3',
      notebook
        .cellAt(0)
        .outputs.map((one) => decode(one.items[0]!))
        .join(),
    )
  })
})
