import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { until, withSettings, workspace, write } from './support'

/** A Node that fetches nothing: `native install` is written down, all else goes to a real one. */
function fake(name: string, end: string): { node: string; asked(): string[] } {
  const told = join(workspace(), `${name}.txt`)
  const script = `#!/bin/sh
case "$*" in
  *"native install"*) shift; echo "$@" >> ${told}; echo 'fetching' >&2; ${end};;
esac
exec ${process.execPath} "$@"
`
  const node = write(`${name}.sh`, script).fsPath
  chmodSync(node, 0o755)
  const asked = () => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [])
  return { node, asked }
}

/** Presses the button and answers its question by this command of the editor, until it is answered. */
async function press(answer: string): Promise<void> {
  let done = false
  const pressed = Promise.resolve(vscode.commands.executeCommand('thaw.installNative')).then(
    () => (done = true),
  )
  await until('the end of the command', async () => {
    if (!done) await vscode.commands.executeCommand(answer)
    return done
  })
  await pressed
}

describe('the button that installs native TensorFlow', () => {
  it('lets the command line do it in a process of its own', async () => {
    const { node, asked } = fake('installs', "echo 'Native TensorFlow is ready.'; exit 0")
    await withSettings({ nodePath: node }, () => press('workbench.action.acceptSelectedQuickOpenItem'))
    assert.deepEqual(asked(), ['native install'])
  })

  it('ends calmly when nothing can be fetched', async () => {
    const { node, asked } = fake('fails', "echo 'the index cannot be reached' >&2; exit 3")
    await withSettings({ nodePath: node }, () => press('workbench.action.acceptSelectedQuickOpenItem'))
    assert.deepEqual(asked(), ['native install'])
  })

  it('starts nothing when the question is put away', async () => {
    const { node, asked } = fake('nothing', 'exit 0')
    await withSettings({ nodePath: node }, () => press('workbench.action.closeQuickOpen'))
    assert.deepEqual(asked(), [])
  })
})
