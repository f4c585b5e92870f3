import childProcess from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** The events that a run has told so far. */
export const lines = (folder: string) =>
  (existsSync(join(folder, 'events.jsonl')) ? readFileSync(join(folder, 'events.jsonl'), 'utf8') : '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { kind: string; step?: number; state?: string; message?: string })

export const ended = (folder: string) =>
  until('the end of the run', () => lines(folder).find((event) => event.kind === 'run-ended'))

export const readJson = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T

/** A folder of real images in the workspace: some of the packaged drawings, so many a class. */
export function images(name: string, classes: string[], each: number): vscode.Uri {
  const extension = vscode.extensions.getExtension('thaw.thaw')!.extensionPath
  const from = join(extension, 'media', 'packaged', 'drawings', 'test')
  const to = join(workspace(), name)
  for (const label of classes)
    for (const file of readdirSync(join(from, label)).slice(0, each))
      cpSync(join(from, label, file), join(to, label, file))
  return vscode.Uri.file(to)
}

/** Sets settings of ours for the workspace while something is done. */
export async function withSettings<T>(settings: Record<string, unknown>, work: () => Promise<T>): Promise<T> {
  const set = async (clear: boolean) => {
    for (const [name, value] of Object.entries(settings))
      await vscode.workspace
        .getConfiguration('thaw')
        .update(name, clear ? undefined : value, vscode.ConfigurationTarget.Workspace)
  }
  await set(false)
  try {
    return await work()
  } finally {
    await set(true)
  }
}

/** The words of every process that the extension's host starts from now on: the tests live in the same one. */
export function watchProcesses(): { started: string[]; restore(): void } {
  const started: string[] = []
  const names = ['spawn', 'spawnSync', 'fork', 'exec', 'execSync', 'execFile', 'execFileSync'] as const
  const real = { ...childProcess }
  for (const name of names)
    Object.assign(childProcess, {
      [name]: (...words: unknown[]) => {
        started.push(JSON.stringify(words.slice(0, 2)))
        return (real[name] as (...all: unknown[]) => unknown)(...words)
      },
    })
  return { started, restore: () => void Object.assign(childProcess, real) }
}
