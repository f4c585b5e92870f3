import assert from 'node:assert/strict'
import * as vscode from 'vscode'
import { ended, execute, openNotebook } from './notebooks'
import { until } from './support'

const textOf = (value: vscode.MarkdownString | vscode.MarkedString): string =>
  typeof value === 'string' ? value : value.value

async function completions(document: vscode.TextDocument, position: vscode.Position, resolve = 0) {
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document.uri,
    position,
    '.',
    resolve,
  )
  const label = ({ label }: vscode.CompletionItem) => (typeof label === 'string' ? label : label.label)
  return list.items.map((item) => ({ name: label(item), item }))
}

describe('types in the cells of a notebook', () => {
  let notebook: vscode.NotebookDocument
  before(async () => {
    notebook = await openNotebook(
      'types',
      "const session = tune('efficientnet-lite0', 'noto-drawings')",
      'session.',
      'const n: string = session.steps',
      'const parsed = JSON.parse(\'{ "onlyAtRunTime": 1 }\')',
      'parsed.',
    )
  })

  it('complete what a cell above declares before it has run, with types and documentation', async () => {
    const found = await until('members of a session', async () => {
      const items = await completions(notebook.cellAt(1).document, new vscode.Position(0, 8), 50)
      return items.some(({ name }) => name === 'freezeMap') && items
    })
    const step = found.find(({ name }) => name === 'step')!.item
    assert.match(step.detail ?? '', /step\(count\?: number\): Promise<.*Step/)
    const { documentation } = step
    assert.match(
      typeof documentation === 'string' ? documentation : (documentation?.value ?? ''),
      /Takes training steps/,
    )
  })

  it('show type and documentation of a name in a hover', async () => {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      notebook.cellAt(0).document.uri,
      new vscode.Position(0, 18),
    )
    const text = hovers.flatMap(({ contents }) => contents.map(textOf)).join('\n')
    assert.match(text, /tune\(model: (Model \| string|string \| Model), /)
    assert.match(text, /Begins a session/)
    assert.doesNotMatch(text, /alias|import/)
  })

  it('tell a wrong type in the Problems panel', async () => {
    const { uri } = notebook.cellAt(2).document
    const [problem] = await until('a problem', () => {
      const found = vscode.languages.getDiagnostics(uri)
      return found.length > 0 && found
    })
    assert.match(problem!.message, /Type 'number' is not assignable to type 'string'/)
    assert.equal(problem!.range.start.line, 0)
    assert.deepEqual(vscode.languages.getDiagnostics(notebook.cellAt(0).document.uri), [])
  })

  it('leave to the kernel what only values know, and offer nothing twice', async () => {
    await execute(notebook, 3, 4)
    await ended(notebook, 3)
    const found = await until('the field', async () => {
      const items = await completions(notebook.cellAt(4).document, new vscode.Position(0, 7))
      return items.some(({ name }) => name === 'onlyAtRunTime') && items
    })
    assert.equal(found.filter(({ name }) => name === 'onlyAtRunTime').length, 1)
  })

  it('offer a member once that types and values know', async () => {
    const both = await openNotebook('both', 'const thing = { alpha: 1, beta() {} }', 'thing.')
    await execute(both, 0, 1)
    await ended(both, 0)
    const found = await until('the members', async () => {
      const items = await completions(both.cellAt(1).document, new vscode.Position(0, 6))
      return items.some(({ name }) => name === 'alpha') && items
    })
    for (const name of ['alpha', 'beta'])
      assert.equal(found.filter((one) => one.name === name).length, 1, name)
  })

  it('complete and check cells of run-file JSON by their schema', async () => {
    const json = await openNotebook('schema', '1')
    const cells = ['{ "strategy": "full", "take": 3, "s" }', '{ "take": 0 }'].map(
      (text) => new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'jsonc'),
    )
    const edit = new vscode.WorkspaceEdit()
    edit.set(json.uri, [vscode.NotebookEdit.insertCells(1, cells)])
    await vscode.workspace.applyEdit(edit)
    const found = await until('fields', async () => {
      const items = await completions(json.cellAt(1).document, new vscode.Position(0, 35))
      return items.some(({ name }) => name === 'show') && items.map(({ name }) => name)
    })
    assert.ok(found.includes('save') && found.includes('train'), found.join())
    const [problem] = await until('a problem', () => {
      const all = vscode.languages.getDiagnostics(json.cellAt(2).document.uri)
      return all.length > 0 && all
    })
    assert.match(problem!.message, /below the minimum of 1|Matches a schema|not accepted|valid/i)
  })
})
