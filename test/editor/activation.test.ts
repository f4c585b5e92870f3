import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'
import * as vscode from 'vscode'
import { write } from './support'

describe('the extension', () => {
  it('sleeps until it is needed, and wakes in under 50 ms', async () => {
    const extension = vscode.extensions.getExtension<{ wokeInMs: number }>('thaw.thaw')
    assert.ok(extension)
    const { activationEvents } = extension.packageJSON as { activationEvents: string[] }
    assert.deepEqual(
      activationEvents.filter(
        (event) =>
          !/^(on(Language|Notebook|WebviewPanel|Walkthrough):|workspaceContains:\.thaw\/runs$)/.test(event),
      ),
      [],
    )
    const { wokeInMs } = await extension.activate()
    // reading and compiling the code comes before its first line can look at the clock
    const main = join(extension.extensionPath, (extension.packageJSON as { main: string }).main)
    const before = process.cpuUsage()
    new Script(readFileSync(main, 'utf8'), { produceCachedData: false })
    const { user, system } = process.cpuUsage(before)
    const took = wokeInMs + (user + system) / 1000
    // 50 ms on quiet cores; twice that where other suites take the caches
    assert.ok(took < 100, `activation took ${took.toFixed(1)} ms, compiling ${(took - wokeInMs).toFixed(1)}`)
    console.log(`thaw: woke in ${took.toFixed(1)} ms`)
  })

  it('loads no image library into the editor, whatever it was asked', async () => {
    // the heavy half and the views that look at images
    await vscode.commands.executeCommand('thaw.assets.refresh')
    await vscode.commands.executeCommand('thaw.assets.focus')
    const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] }
    assert.ok(sharedObjects.length > 0)
    assert.deepEqual(
      sharedObjects.filter((path) => /sharp|vips|tensorflow|tfjs|dawn/i.test(path)),
      [],
    )
  })

  it('opens run files as JSON with comments, with a lens that runs them', async () => {
    const uri = write('lens.thaw.json', '// a run\n{ "strategy": "full" }')
    const document = await vscode.workspace.openTextDocument(uri)
    assert.equal(document.languageId, 'jsonc')
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      uri,
      5,
    )
    assert.deepEqual(
      lenses.map((lens) => lens.command?.command),
      ['thaw.preflight', 'thaw.run', 'thaw.compareFile'],
    )
  })

  it('keeps run folders out of watching and searching', () => {
    const files = vscode.workspace.getConfiguration('files').get<Record<string, boolean>>('watcherExclude')
    const search = vscode.workspace.getConfiguration('search').get<Record<string, boolean>>('exclude')
    assert.equal(files?.['**/.thaw/**'], true)
    assert.equal(search?.['**/.thaw'], true)
  })
})
