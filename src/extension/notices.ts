import * as vscode from 'vscode'
import type { Glance } from './glance'
import { accuracyWords } from './glanceText'
import { heavy } from './load'
import { reached } from './milestones'
import { log, showLog } from './output'

type Way = { title: string; go(): unknown }

/**
 * Tells how a run has ended, with the ways on. A person who looks at its panel sees it there, so only what needs an
 * answer is told twice.
 */
export function tellEnd(folder: string, glance: Glance, looking: boolean): void {
  const { name, state, accuracy, message } = glance
  const open: Way = { title: 'Open', go: () => vscode.commands.executeCommand('thaw.openRun', folder) }
  if (state === 'finished') {
    void reached('finished')
    if (looking) return
    const how = accuracy ? `: ${accuracyWords(accuracy)}` : ''
    return offer(vscode.window.showInformationMessage, `${name} has finished${how}.`, [open])
  }
  if (state !== 'failed') return
  const resume: Way = { title: 'Resume', go: () => resumeHere(folder) }
  const full = /disk (is full|quota)/.test(message ?? '')
  offer(vscode.window.showWarningMessage, `${name}: ${message ?? 'the run failed.'}`, [
    resume,
    ...(full ? [{ title: 'Clear Cache…', go: () => vscode.commands.executeCommand('thaw.clearCache') }] : []),
    ...(looking ? [] : [open]),
    { title: 'Show Log', go: showLog },
  ])
}

function offer(
  show: (message: string, ...titles: string[]) => Thenable<string | undefined>,
  message: string,
  ways: readonly Way[],
): void {
  void show(message, ...ways.map(({ title }) => title)).then((chosen) =>
    ways.find(({ title }) => title === chosen)?.go(),
  )
}

/** Goes on from the last checkpoint; what went wrong is told. */
export async function resumeHere(folder: string): Promise<void> {
  try {
    const { id, pid } = await heavy().resumeHere(folder)
    log(`run ${id} goes on: process ${pid ?? 'unknown'}`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    log(message)
    void vscode.window.showErrorMessage(message)
  }
}
