import * as vscode from 'vscode'
import { CheckpointStore, runsFolder } from '../events'
import { findRunFiles } from './openRunFile'
import { isRunFile } from './runFileName'

/** Folders that may hold runs: of each workspace folder, and beside each run file. */
export async function findRunsFolders(): Promise<string[]> {
  // a run file may be open without its folder
  const open = vscode.workspace.textDocuments.filter(
    ({ uri }) => uri.scheme === 'file' && isRunFile(uri.path),
  )
  const files = [...(await findRunFiles()), ...open.map(({ uri }) => uri)]
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
