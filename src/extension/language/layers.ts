import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type * as vscode from 'vscode'
import { parseTree, findNodeAtLocation, getNodeValue } from 'jsonc-parser'
import { runCli } from '../cli'

export interface NetworkNames {
  architecture: string
  layers: {
    name: string
    stage: string
    block: string
    kind: string
    parameters: number
    names: string[]
  }[]
}

const known = new Map<string, Promise<NetworkNames | undefined>>()

/**
 * Names of a run file's network, read in a process of its own and kept as long as its `model` stays the same.
 * Undefined when the file or the model cannot be read.
 */
export function networkOf(document: vscode.TextDocument): Promise<NetworkNames | undefined> {
  const tree = parseTree(document.getText())
  const model = tree && findNodeAtLocation(tree, ['model'])
  const key = createHash('sha256')
    .update(`${document.uri.fsPath}\n${JSON.stringify(model ? (getNodeValue(model) as unknown) : {})}`)
    .digest('hex')
  let names = known.get(key)
  if (!names) {
    known.set(key, (names = read(document.uri.fsPath)))
    // what could not be read may be mended later
    void names.then((found) => found ?? known.delete(key))
  }
  return names
}

async function read(file: string): Promise<NetworkNames | undefined> {
  const { code, stdout } = await runCli(['layers', file, '--json'], { cwd: dirname(file) })
  if (code !== 0) return undefined
  try {
    return JSON.parse(stdout) as NetworkNames
  } catch {
    return undefined
  }
}
