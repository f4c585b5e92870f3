import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { until, watchProcesses, workspace, write } from './support'

interface Api {
  runs(): readonly { id: string; folder: string }[]
  look(): Promise<void>
}

/** Every file of the workspace with its bytes. */
const files = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(workspace(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, readFileSync(path, 'base64')]),
  )

/** All that would run, change or fetch something. */
const commands = [
  ...['thaw.run', 'thaw.preflight', 'thaw.tuneFolder', 'thaw.useDrawings', 'thaw.installNative'],
  ...['thaw.clearCache', 'thaw.tuneRunFile', 'thaw.compareFiles', 'thaw.pause', 'thaw.resume', 'thaw.stop'],
  ...['pause', 'goOn', 'stop', 'resume', 'fork', 'export', 'delete'].map((name) => `thaw.runs.${name}`),
]

describe('a workspace that is not trusted', () => {
  let api: Api
  before(async () => {
    api = await vscode.extensions.getExtension<Api>('thaw.thaw')!.activate()
  })

  it('is not trusted, or all of this proves nothing', () => {
    assert.equal(vscode.workspace.isTrusted, false)
  })

  it('shows the runs that are there, and their panels', async () => {
    await api.look()
    assert.deepEqual(
      api.runs().map(({ id }) => id),
      ['full'],
    )
    await vscode.commands.executeCommand('thaw.openRun', api.runs()[0]!.folder)
    await until('its panel', () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .some(({ input }) => input instanceof vscode.TabInputWebview),
    )
  })

  it('gets nothing run, changed or fetched, whatever command is called', async () => {
    const file = write('here.thaw.json', { data: { source: 'thaw:noto-drawings' }, strategy: 'linear-probe' })
    await vscode.window.showTextDocument(file)
    const before = files()
    const processes = watchProcesses()
    const { folder } = api.runs()[0]!
    for (const command of commands) {
      const argument = command.startsWith('thaw.runs.')
        ? { kind: 'run', run: api.runs()[0] }
        : /pause|resume|stop/.test(command)
          ? folder
          : file
      const gave = await vscode.commands.executeCommand(command, argument)
      assert.ok(gave === undefined || gave === false, `${command} gave ${JSON.stringify(gave)}`)
    }
    assert.deepEqual(Object.keys(files()), Object.keys(before))
    assert.deepEqual(files(), before)
    // noFolder.test.ts sees a process where something runs
    assert.deepEqual(processes.started, [])
    processes.restore()
  })
})
