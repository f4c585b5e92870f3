import * as vscode from 'vscode'
import { heavy } from '../load'
import { log, showLog } from '../output'
import { mayRun } from '../trust'
import type { AssetsView } from './assetsView'

/** Installing TensorFlow's libraries, and clearing what runs keep. */
export function registerNative(assets: AssetsView): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('thaw.installNative', async () => {
      if (await installNative()) assets.refresh()
    }),
    vscode.commands.registerCommand('thaw.clearCache', async () => {
      if (await clearCache()) assets.refresh()
    }),
  ]
}

/** With progress in a notice that can be cancelled; what was fetched till then is used at the next try. */
async function installNative(): Promise<boolean> {
  if (!mayRun()) return false
  const flavour = await vscode.window.showQuickPick(
    [
      { label: 'For the processor', detail: 'fetches 274 MB, takes 0.9 GB of disk', args: [] as string[] },
      {
        label: 'For an NVIDIA GPU (CUDA 12)',
        detail: 'fetches about 3.2 GB, takes about 5.6 GB of disk; Linux on x64',
        args: ['--cuda'],
      },
    ],
    {
      placeHolder:
        "TensorFlow's own libraries, the fastest back end; from pip's index, into your cache folder",
    },
  )
  if (!flavour) return false
  const abort = new AbortController()
  const { code, stdout, stderr } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Thaw: native TensorFlow', cancellable: true },
    (progress, token) => {
      token.onCancellationRequested(() => abort.abort())
      const tell = eachLine((message) => progress.report({ message }))
      return heavy()
        .runCli(['native', 'install', ...flavour.args], { signal: abort.signal, onError: tell })
        .catch((error: Error) => ({ code: 1, stdout: '', stderr: error.message }))
    },
  )
  if (abort.signal.aborted) return false
  if (code !== 0) {
    log(stderr)
    const show = 'Show Log'
    const last = stderr.trim().split('\n').at(-1) ?? ''
    void vscode.window
      .showErrorMessage(`Native TensorFlow was not installed: ${last || `code ${code}`}`, show)
      .then((chosen) => chosen && showLog())
    return false
  }
  void vscode.window.showInformationMessage(
    `${stdout.trim().split('\n')[0]}. Runs with "backend": "auto" take it from now on.`,
  )
  return true
}

/** Gives each whole line of a text that comes in pieces. */
export function eachLine(take: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.map((one) => one.trim()).filter(Boolean)) take(line)
  }
}

/** Removes features, decoded images and indexes that runs keep; they are computed again when needed. */
async function clearCache(): Promise<boolean> {
  if (!mayRun()) return false
  const { findRunsFolders, runCli } = heavy()
  const sure = await vscode.window.showWarningMessage(
    'Clear what runs of this workspace keep of frozen layers and images?',
    { modal: true, detail: 'It is computed again when a run needs it. Runs and checkpoints stay.' },
    'Clear',
  )
  if (sure !== 'Clear') return false
  let freed = 0
  for (const root of await findRunsFolders()) {
    const { code, stdout, stderr } = await runCli(['cache', 'clear', '--json', '--runs', root])
    if (code !== 0) {
      void vscode.window.showErrorMessage(stderr.trim() || `the cache of ${root} could not be cleared`)
      return true
    }
    freed += (JSON.parse(stdout) as { bytes: number }).bytes
  }
  void vscode.window.showInformationMessage(`${(freed / 1e6).toFixed(0)} MB freed.`)
  return true
}
