import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { ended, tinyRun } from './support'

interface Api {
  runs(): readonly { folder: string; name: string }[]
  look(): Promise<void>
}

describe('a workspace of several folders', () => {
  it('keeps the runs of each folder in that folder, and lists all of them', async () => {
    const folders = vscode.workspace.workspaceFolders!.map(({ uri }) => uri.fsPath)
    assert.equal(folders.length, 2)
    const api = await vscode.extensions.getExtension<Api>('thaw.thaw')!.activate()
    const found: string[] = []
    for (const [i, folder] of folders.entries()) {
      const file = join(folder, 'tiny.thaw.json')
      writeFileSync(file, JSON.stringify({ ...tinyRun(1), name: `number ${i}` }))
      const run = await vscode.commands.executeCommand<string>('thaw.run', vscode.Uri.file(file))
      assert.ok(run.startsWith(join(folder, '.thaw', 'runs')), run)
      assert.equal((await ended(run)).state, 'finished')
      found.push(run)
    }
    await api.look()
    const listed = api.runs().map(({ folder, name }) => [folder, name])
    assert.deepEqual(listed.sort(), found.map((folder, i) => [folder, `number ${i}`]).sort())
  })
})
