import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { findNode, prepareNode } from '../../../src/runner/nodeBinary'

const folder = mkdtempSync(join(tmpdir(), 'thaw-node-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => prepareNode().then(() => undefined))

const script = (name: string, answer: string): string => {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${answer}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('the Node that is chosen', () => {
  it('comes before all else, for all that is started from then on', async () => {
    const mine = script('mine', `exec ${process.execPath} "$@"`)
    expect(await prepareNode(mine)).toMatchObject({ path: mine, origin: 'the setting thaw.nodePath' })
    expect(findNode().path).toBe(mine)
    await prepareNode()
    expect(findNode().path).toBe(process.execPath)
  })

  it.each([
    ['is not there', () => join(folder, 'nothing')],
    ['is too old', () => script('old', 'printf "v18.19.0 /usr/bin/node"')],
    ['says something else', () => script('odd', 'echo hello')],
    ['fails', () => script('bad', 'exit 3')],
  ])('is refused with what to write when it %s', async (_how, path) => {
    await expect(prepareNode(path())).rejects.toThrow(
      /^thaw\.nodePath: .* is no Node 20\.9 or newer; write the path of one, or leave/,
    )
  })
})
