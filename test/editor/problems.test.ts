import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { until, workspace, write } from './support'

describe('a run file with a mistake', () => {
  it('shows it at its place in the Problems panel and runs nothing', async () => {
    const uri = write('bad/bad.thaw.json', '{\n  "strategy": "full",\n  "train": { "stepz": 3 }\n}\n')
    await vscode.window.showTextDocument(uri)
    const [problem] = await until('a problem', () => {
      const found = vscode.languages.getDiagnostics(uri).filter((one) => one.source === 'thaw')
      return found.length > 0 && found
    })
    assert.match(problem!.message, /stepz/)
    assert.match(problem!.message, /steps/)
    assert.equal(problem!.range.start.line, 2)
    assert.equal(await vscode.commands.executeCommand('thaw.run', uri), undefined)
    assert.equal(existsSync(join(workspace(), 'bad', '.thaw')), false)
  })
})
