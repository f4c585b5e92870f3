import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { heavy } from './load'
import { findRunFiles, runnableFile } from './openRunFile'
import { log } from './output'
import { mayRun } from './trust'

/**
 * `thaw tune` and `thaw compare FILE…`: many runs as one question. Each is a task, so that its terminal tells what goes
 * on and stops it; its memory is the run folders, so that asking again goes on.
 */
export function registerStudies(): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('thaw.tuneRunFile', (uri?: vscode.Uri) => told(() => tune(uri))),
    vscode.commands.registerCommand('thaw.compareFiles', (uri?: vscode.Uri, uris?: vscode.Uri[]) =>
      told(() => compare(uris ?? (uri && [uri]))),
    ),
  ]
}

/** What went wrong before there is a terminal is a notice. */
async function told<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    log(message)
    void vscode.window.showErrorMessage(message)
    return undefined
  }
}

/** Tries the values of a run file's `tune` part; opens the run file of the best ones. */
async function tune(uri?: vscode.Uri): Promise<vscode.Uri | undefined> {
  const document = await runnableFile('Tune which run file?', uri)
  if (!document) return undefined
  const file = document.uri.fsPath
  const best = join(dirname(file), basename(file).replace(/\.thaw\.json$/, '.tuned.thaw.json'))
  const code = await inTerminal(`Tune ${basename(file)}`, ['tune', file], dirname(file))
  return code === 0 ? shown(best) : undefined
}

/** Runs several run files with several seeds under one budget; opens the report. */
async function compare(uris?: readonly vscode.Uri[]): Promise<vscode.Uri | undefined> {
  if (!mayRun()) return undefined
  const files = uris && uris.length > 1 ? uris : await chooseFiles(uris)
  if (!files) return undefined
  const seeds = await vscode.window.showInputBox({
    title: `Compare ${files.length} run files`,
    prompt: 'Seeds: each file is run with each of them. At least three make a comparison honest.',
    value: '1,2,3',
    validateInput: (text) =>
      /^\s*\d+(\s*,\s*\d+)*\s*$/.test(text) ? undefined : 'whole numbers with commas between them: 1,2,3',
  })
  if (seeds === undefined) return undefined
  const folder = dirname(files[0]!.fsPath)
  const to = join(folder, 'comparison')
  const words = [
    'compare',
    ...files.map(({ fsPath }) => fsPath),
    '--seeds',
    seeds.replace(/\s/g, ''),
    '--to',
    to,
  ]
  return (await inTerminal('Compare run files', words, folder)) === 0
    ? shown(join(to, 'report.md'))
    : undefined
}

async function chooseFiles(given: readonly vscode.Uri[] = []): Promise<vscode.Uri[] | undefined> {
  const files = await findRunFiles()
  if (files.length < 2)
    return void vscode.window.showInformationMessage(
      'There are fewer than two run files here; write one for each strategy that is to be compared.',
    )
  const picked = await vscode.window.showQuickPick(
    files.map((file) => ({
      label: vscode.workspace.asRelativePath(file),
      picked: given.some(({ fsPath }) => fsPath === file.fsPath),
      file,
    })),
    { canPickMany: true, placeHolder: 'Run files to compare; the first is the reference' },
  )
  if (!picked || picked.length < 2) return undefined
  return picked.map(({ file }) => file)
}

/** Runs the command line where a person sees it and can stop it; its exit code, undefined when it was stopped. */
async function inTerminal(name: string, words: string[], cwd: string): Promise<number | undefined> {
  const { path, args, env } = await heavy().cliProcess(words)
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(cwd))
  const task = new vscode.Task(
    { type: 'thaw', words },
    folder ?? vscode.TaskScope.Global,
    name,
    'Thaw',
    new vscode.ProcessExecution(path, args, { cwd, env }),
  )
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, panel: vscode.TaskPanelKind.Dedicated }
  const ended = new Promise<number | undefined>((resolve) => {
    const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name !== name || execution.task.definition.type !== 'thaw') return
      listener.dispose()
      resolve(exitCode)
    })
  })
  await vscode.tasks.executeTask(task)
  log(`thaw ${words.join(' ')}: in a terminal`)
  return ended
}

async function shown(path: string): Promise<vscode.Uri | undefined> {
  if (!existsSync(path)) return undefined
  const uri = vscode.Uri.file(path)
  await (path.endsWith('.md')
    ? vscode.commands.executeCommand('markdown.showPreview', uri)
    : vscode.window.showTextDocument(uri))
  return uri
}
