import * as vscode from 'vscode'

/** Where a person stands on the way from nothing to a finished run, with the walkthrough's step that it completes. */
const steps = {
  folderOpen: 'folder',
  hasRunFile: 'runFile',
  ready: 'preflight',
  started: 'run',
  seen: undefined,
  finished: 'see',
} as const

export type Milestone = keyof typeof steps

const done = new Set<Milestone>()

/** A step of the way is done; each is also a context key `thaw.NAME`. */
export async function reached(milestone: Milestone): Promise<void> {
  done.add(milestone)
  await vscode.commands.executeCommand('setContext', `thaw.${milestone}`, true)
  await mark(milestone)
}

/**
 * Marks what was done before the walkthrough was opened: the editor completes a step by its context key only where
 * that changes afterwards.
 */
export async function markDone(): Promise<void> {
  for (const milestone of done) await mark(milestone)
}

async function mark(milestone: Milestone): Promise<void> {
  const step = steps[milestone]
  if (!step) return
  try {
    await vscode.commands.executeCommand('welcome.markStepComplete', `thaw.thaw#thaw.start#${step}`)
  } catch {
    // the walkthrough was not opened yet, or this editor has no such command
  }
}
