import { dirname } from 'node:path'
import * as vscode from 'vscode'
import type { Problem } from '../../spec'
import { runCli } from '../cli'
import { reached } from '../milestones'
import { log } from '../output'
import { diagnostic } from '../runFile'
import { settingsOf } from '../start'

interface Answer {
  ok: boolean
  problems: Problem[]
  estimate: {
    steps: number
    seconds: number
    bytes: number
    backend: string
    counts: { train: number; val: number; test: number }
  } | null
}

/** Checks a run file against its model, data and this machine, in a process of its own; what is found is marked. */
export async function preflight(
  document: vscode.TextDocument,
  diagnostics: vscode.DiagnosticCollection,
): Promise<Answer | undefined> {
  const file = document.uri.fsPath
  const { stdout, stderr } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Thaw: preflight', cancellable: true },
    (_progress, token) => {
      const abort = new AbortController()
      token.onCancellationRequested(() => abort.abort())
      return runCli(
        ['preflight', file, '--json', ...settingsOf(document).map((setting) => `--set=${setting}`)],
        { cwd: dirname(file), signal: abort.signal },
      ).catch((error: Error) => ({
        code: 130,
        stdout: '',
        stderr: token.isCancellationRequested ? 'cancelled' : error.message,
      }))
    },
  )
  let answer: Answer
  try {
    answer = JSON.parse(stdout) as Answer
  } catch {
    if (stderr !== 'cancelled') {
      log(stderr)
      void vscode.window.showErrorMessage(stderr.trim().split('\n')[0] ?? 'the preflight gave no answer')
    }
    return undefined
  }
  diagnostics.set(
    document.uri,
    answer.problems.map((problem) => diagnostic(document, problem, 'thaw preflight')),
  )
  if (answer.ok) void reached('ready')
  void tell(answer)
  return answer
}

async function tell({ ok, problems, estimate }: Answer): Promise<void> {
  if (!ok || !estimate) {
    const errors = problems.filter(({ severity }) => severity === 'error').length
    const chosen = await vscode.window.showErrorMessage(
      `The run would not start: ${errors === 1 ? '1 problem' : `${errors} problems`}.`,
      'Show',
    )
    if (chosen) await vscode.commands.executeCommand('workbench.actions.view.problems')
    return
  }
  const { steps, seconds, bytes, backend, counts } = estimate
  const time = seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`
  const warnings = problems.length > 0 ? ` ${problems.length} warnings are marked in the file.` : ''
  void vscode.window.showInformationMessage(
    `Ready: ${steps} steps on ${counts.train} images, about ${time} and ${(bytes / 2 ** 30).toFixed(1)} GB on ${backend}.${warnings}`,
  )
}
