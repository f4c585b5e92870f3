import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { ended, lines, readJson, tinyRun, until, withSettings, workspace, write } from './support'

const run = (name: string, content: unknown) =>
  vscode.commands.executeCommand<string | undefined>('thaw.run', write(name, content))

const specOf = (folder: string) =>
  readJson<{ spec: { backend: string; cache: { memory: number; disk: number }; name: string } }>(
    folder,
    'spec.json',
  ).spec

describe('the settings', () => {
  it('stand in for what a run file leaves out, and never change what it writes', async () => {
    await withSettings({ backend: 'cpu', 'cache.memory': 7, 'cache.disk': 9 }, async () => {
      const { backend: _, name: _name, ...open } = tinyRun(1)
      const left = await run('settings/left.thaw.json', open)
      const written = await run('settings/written.thaw.json', { ...tinyRun(1), cache: { memory: 33 } })
      assert.ok(left && written)
      assert.deepEqual(specOf(left).cache, { memory: 7, disk: 9 })
      assert.equal(specOf(left).backend, 'cpu')
      assert.equal(specOf(left).name, 'left')
      assert.deepEqual(specOf(written).cache, { memory: 33, disk: 9 })
      assert.equal(specOf(written).backend, 'wasm')
      const started = await until('the start', () => lines(left).find(({ kind }) => kind === 'run-started'))
      assert.equal((started as unknown as { backend: { name: string } }).backend.name, 'cpu')
      // its evaluation would take long on this back end
      await vscode.commands.executeCommand('thaw.stop', left)
      await ended(left)
    })
  })

  it('hold how many runs of a folder are under way; the next starts when one has ended', async () => {
    await withSettings({ parallelRuns: 1 }, async () => {
      const first = await run('parallel/first.thaw.json', tinyRun(1_000_000))
      assert.ok(first)
      await until('a step', () => lines(first).some(({ kind }) => kind === 'step'))
      const second = await run('parallel/second.thaw.json', tinyRun(2))
      assert.ok(second)
      assert.equal(existsSync(join(second, 'status.json')), false)
      await vscode.commands.executeCommand('thaw.stop', first)
      assert.equal((await ended(second)).state, 'finished')
      const end = lines(first).at(-1) as unknown as { t: number }
      const start = lines(second)[0] as unknown as { t: number }
      assert.ok(start.t >= end.t, 'the second began before the first had ended')
    })
  })

  it('choose the Node that trains; one that is none starts nothing', async () => {
    const used = join(workspace(), 'node-was-used')
    const node = write('node.sh', `#!/bin/sh\necho "$1" >> ${used}\nexec ${process.execPath} "$@"\n`).fsPath
    chmodSync(node, 0o755)
    await withSettings({ nodePath: node }, async () => {
      const folder = await run('node/node.thaw.json', tinyRun(1))
      assert.ok(folder)
      assert.equal((await ended(folder)).state, 'finished')
      assert.match(readFileSync(used, 'utf8'), /trainer\.js/)
    })
    await withSettings({ nodePath: join(workspace(), 'no-such-node') }, async () => {
      assert.equal(await run('node/none.thaw.json', tinyRun(1)), undefined)
    })
    const runs = join(workspace(), 'node', '.thaw', 'runs')
    assert.equal(
      (await vscode.workspace.fs.readDirectory(vscode.Uri.file(runs))).filter(
        ([name]) => !name.startsWith('.'),
      ).length,
      1,
    )
  })
})
