import * as vscode from 'vscode'

/** What a walkthrough's step waits for; each is a context key `thaw.NAME`. */
export type Milestone = 'hasRunFile' | 'ready' | 'started' | 'seen' | 'finished'

/** A step of the way from nothing to a finished run is done. */
export const reached = (milestone: Milestone): Thenable<unknown> =>
  vscode.commands.executeCommand('setContext', `thaw.${milestone}`, true)
