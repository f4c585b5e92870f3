import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { lines, tinyRun, until, write } from './support'

describe('Thaw: Run', () => {
  it('trains in a process of its own to the end and opens the panel', async () => {
    const uri = write('tiny/tiny.thaw.json', tinyRun(6))
    const document = await vscode.workspace.openTextDocument(uri)
    await vscode.window.showTextDocument(document)
    const folder = await vscode.commands.executeCommand<string>('thaw.run', uri)
    assert.ok(folder)
    const status = JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8')) as { pid: number }
    assert.notEqual(status.pid, process.pid)
    await until('the panel', () =>
      vscode.window.tabGroups.all
        .flatMap((group) => group.tabs)
        .some((tab) => tab.input instanceof vscode.TabInputWebview && tab.label === 'tiny'),
    )
    await until('the end of the run', () => lines(folder).some((event) => event.kind === 'run-ended'))
    const events = lines(folder)
    const end = events.find((event) => event.kind === 'run-ended')
    assert.equal(end?.state, 'finished', JSON.stringify(end))
    assert.deepEqual(
      events.filter((event) => event.kind === 'step').map((event) => event.step),
      [1, 2, 3, 4, 5, 6],
    )
  })

  it('saves what was typed before it runs', async () => {
    const uri = write('typed/typed.thaw.json', tinyRun(1))
    const editor = await vscode.window.showTextDocument(uri)
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '// typed\n'))
    assert.equal(editor.document.isDirty, true)
    const folder = await vscode.commands.executeCommand<string>('thaw.run', uri)
    assert.ok(folder)
    assert.equal(editor.document.isDirty, false)
    await until('the end of the run', () => lines(folder).some((event) => event.kind === 'run-ended'))
  })

  it('stops a run that is asked to', async () => {
    const uri = write('long/long.thaw.json', tinyRun(100_000))
    await vscode.window.showTextDocument(uri)
    const folder = await vscode.commands.executeCommand<string>('thaw.run', uri)
    await until('a step', () => lines(folder).some((event) => event.kind === 'step'))
    await vscode.commands.executeCommand('thaw.stop', folder)
    const end = await until('the end of the run', () =>
      lines(folder).find((event) => event.kind === 'run-ended'),
    )
    assert.equal(end.state, 'stopped')
  })
})
