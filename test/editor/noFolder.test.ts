import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { ended, tinyRun, watchProcesses } from './support'

interface Api {
  runs(): readonly { folder: string; name: string }[]
  look(): Promise<void>
}

describe('a window without a folder', () => {
  it('has an empty list, and no command fails for the want of a folder', async () => {
    assert.equal(vscode.workspace.workspaceFolders, undefined)
    const api = await vscode.extensions.getExtension<Api>('thaw.thaw')!.activate()
    await api.look()
    assert.deepEqual(api.runs(), [])
    for (const command of ['thaw.runs.refresh', 'thaw.assets.refresh', 'thaw.runs.open'])
      await vscode.commands.executeCommand(command)
  })

  it('runs a run file that is opened alone; its runs lie beside it and are listed', async () => {
    const api = await vscode.extensions.getExtension<Api>('thaw.thaw')!.activate()
    const folder = mkdtempSync(join(process.env.THAW_TEST_ROOM ?? tmpdir(), 'alone-'))
    const file = join(folder, 'alone.thaw.json')
    writeFileSync(file, JSON.stringify({ ...tinyRun(1), name: 'alone' }))
    await vscode.window.showTextDocument(vscode.Uri.file(file))
    const processes = watchProcesses()
    const run = await vscode.commands.executeCommand<string>('thaw.run')
    assert.ok(run.startsWith(join(folder, '.thaw', 'runs')), run)
    assert.equal((await ended(run)).state, 'finished')
    // what untrusted.test.ts finds to be missing
    processes.restore()
    assert.ok(processes.started.some((words) => /trainer\.js/.test(words)))
    await api.look()
    assert.deepEqual(
      api.runs().map(({ name }) => name),
      ['alone'],
    )
  })
})
