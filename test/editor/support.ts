import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'

export const workspace = (): string => vscode.workspace.workspaceFolders![0]!.uri.fsPath

/** A run that takes seconds: a small network from random weights on few drawings. */
export const tinyRun = (steps: number) => ({
  name: 'tiny',
  model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
  data: { source: 'thaw:noto-drawings', shots: 2, transforms: 'none' },
  strategy: 'scratch',
  train: { steps, batchSize: 4, measureEvery: 1 },
  backend: 'wasm',
})

export function write(name: string, content: unknown): vscode.Uri {
  const path = join(workspace(), name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  return vscode.Uri.file(path)
}

export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 150_000,
): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((go) => setTimeout(go, 50))) {
    const found = await look()
    if (found) return found
  }
  throw new Error(`${what} did not come within ${ms} ms`)
}
