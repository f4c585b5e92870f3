import * as vscode from 'vscode'
import { CheckpointStore, runsFolder } from '../events'
import { findRunFiles } from './openRunFile'

/** Folders that may hold runs: of each workspace folder, and beside each run file. */
export async function findRunsFolders(): Promise<string[]> {
  const files = await findRunFiles()
  return [
    ...new Set([
      ...(vscode.workspace.workspaceFolders ?? []).map((folder) => runsFolder(folder.uri.fsPath)),
      ...files.map((file) => runsFolder(vscode.Uri.joinPath(file, '..').fsPath)),
    ]),
  ]
}

/** Steps that a run can be forked from, newest first. */
export function checkpointSteps(folder: string): number[] {
  return new CheckpointStore(folder)
    .list()
    .map(({ step }) => step)
    .sort((a, b) => b - a)
}
