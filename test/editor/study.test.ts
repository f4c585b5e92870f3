import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { images, readJson, tinyRun, workspace, write } from './support'

describe('Thaw: Tune This Run File', () => {
  const file = join(workspace(), 'study', 'rates.thaw.json')
  const best = join(workspace(), 'study', 'rates.tuned.thaw.json')
  const tuned = (steps: number) => ({
    ...tinyRun(steps),
    data: { source: 'photos', split: { val: 0.3, test: 0.3 }, transforms: 'none' },
    tune: { search: 'grid', space: { 'train.optimizer.rate': { choice: [0.001, 0.01] } } },
  })

  it('tries its values in a terminal and opens the run file of the best', async () => {
    images('study/photos', ['bird', 'tool'], 8)
    const uri = write('study/rates.thaw.json', tuned(1))
    const opened = await vscode.commands.executeCommand<vscode.Uri>('thaw.tuneRunFile', uri)
    assert.equal(opened?.fsPath, best)
    const { train } = readJson<{ train: { optimizer: { rate: number } } }>(best)
    assert.ok([0.001, 0.01].includes(train.optimizer.rate))
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, best)
    assert.ok(vscode.window.terminals.some(({ name }) => name.includes('Tune rates.thaw.json')))
    for (const terminal of vscode.window.terminals) terminal.dispose()
  })

  it('opens nothing when there is nothing to try', async () => {
    const { tune: _, ...plain } = tuned(1)
    const uri = write('study/plain.thaw.json', plain)
    assert.equal(await vscode.commands.executeCommand('thaw.tuneRunFile', uri), undefined)
    assert.equal(existsSync(file.replace('rates', 'plain.tuned')), false)
    for (const terminal of vscode.window.terminals) terminal.dispose()
  })

  it('is offered above a run file that says what to try, and above no other', async () => {
    const titles = async (name: string) =>
      (
        await vscode.commands.executeCommand<vscode.CodeLens[]>(
          'vscode.executeCodeLensProvider',
          vscode.Uri.file(join(workspace(), 'study', name)),
          9,
        )
      ).map(({ command }) => command?.title.replace(/^\$\(\w+\) /, ''))
    for (const name of ['rates.thaw.json', 'plain.thaw.json'])
      await vscode.workspace.openTextDocument(join(workspace(), 'study', name))
    assert.deepEqual(await titles('rates.thaw.json'), ['Preflight', 'Run', 'Tune', 'Compare'])
    assert.deepEqual(await titles('plain.thaw.json'), ['Preflight', 'Run', 'Compare'])
  })
})
