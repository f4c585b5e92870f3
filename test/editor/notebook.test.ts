import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as vscode from 'vscode'
import { decode, ended, execute, openNotebook as open } from './notebooks'
import { tinyRun, until, write } from './support'

describe('a Thaw notebook', () => {
  before(() => write('notebook/tiny.thaw.json', tinyRun(8)))

  it('takes one training step in a cell and shows what it did', async () => {
    const notebook = await open(
      'step',
      "const session = await thaw.open('tiny.thaw.json')",
      'await session.step(1)',
    )
    await execute(notebook, 0, 2)
    const first = await ended(notebook, 0)
    assert.equal(
      first.executionSummary!.success,
      true,
      first.outputs.map((one) => decode(one.items[0]!)).join(),
    )
    const second = await ended(notebook, 1)
    assert.equal(
      second.executionSummary!.success,
      true,
      second.outputs.map((one) => decode(one.items[0]!)).join(),
    )
    const [output] = second.outputs
    const ours = output!.items.find((item) => item.mime === 'application/vnd.thaw.step+json')
    const step = JSON.parse(decode(ours!)) as {
      steps: number[]
      loss: number[]
      stages: { moved: boolean[] }[]
    }
    assert.deepEqual(step.steps, [1])
    assert.ok(Number.isFinite(step.loss[0]))
    assert.ok(step.stages.some((stage) => stage.moved[0] === true))
    const text = output!.items.find((item) => item.mime === 'text/plain')
    assert.match(decode(text!), /^Step 1 of 8: loss /)
  })

  it('saves cells and outputs as text that reads back the same', async () => {
    const notebook = vscode.workspace.notebookDocuments.find((one) => one.uri.path.endsWith('step.thawnb'))!
    // the editor may be saving by itself, of the moment before the output came
    const cell = await until('the output in the file', async () => {
      await notebook.save()
      const file = JSON.parse(readFileSync(notebook.uri.fsPath, 'utf8')) as {
        cells: { text: string[]; outputs?: { items: Record<string, unknown> }[] }[]
      }
      return file.cells[1]!.outputs?.[0] && file.cells[1]
    })
    assert.deepEqual(cell.text, ['await session.step(1)'])
    assert.ok(cell.outputs![0]!.items['application/vnd.thaw.step+json'])
  })

  it('is interrupted between two steps, and the session goes on', async () => {
    const notebook = await open(
      'interrupt',
      "const long = await thaw.open('long.thaw.json')",
      'await long.step(100000)',
      'await long.step(1)',
    )
    write('notebook/long.thaw.json', tinyRun(1_000_000))
    await execute(notebook, 0, 1)
    await ended(notebook, 0)
    const running = execute(notebook, 1, 2)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await vscode.commands.executeCommand('notebook.cancelExecution')
    const cell = await ended(notebook, 1, 20_000)
    await running
    assert.equal(cell.executionSummary!.success, false)
    assert.match(decode(cell.outputs.at(-1)!.items[0]!), /Interrupted; the session stands after step \d+/)
    await execute(notebook, 2, 3)
    const after = await ended(notebook, 2)
    assert.equal(after.executionSummary!.success, true)
  })

  it('says that what cells made is gone after a restart', async () => {
    const notebook = await open('restart', 'const x: number = 41', 'x + 1')
    await execute(notebook, 0, 2)
    const first = await ended(notebook, 1)
    assert.equal(decode(first.outputs[0]!.items[0]!), '42')
    await vscode.commands.executeCommand('thaw.restartKernel')
    await execute(notebook, 1, 2)
    const second = await until('the error', () => {
      const cell = notebook.cellAt(1)
      return cell.executionSummary?.success === false && cell
    })
    assert.match(decode(second.outputs[0]!.items[0]!), /x is not defined/)
  })

  it('completes what cells have made', async () => {
    const notebook = await open('complete', 'const thing = { alpha: 1, beta() {} }', 'thing.')
    await execute(notebook, 0, 1)
    await ended(notebook, 0)
    const document = notebook.cellAt(1).document
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      document.uri,
      new vscode.Position(0, 6),
    )
    const names = list.items.map((item) => (typeof item.label === 'string' ? item.label : item.label.label))
    assert.ok(names.includes('alpha') && names.includes('beta'), names.slice(0, 20).join())
  })
})
