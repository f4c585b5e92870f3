import * as vscode from 'vscode'

/** The part of a run file that a setting stands in for where the file does not write it. */
const standIns = [
  { setting: 'backend', field: 'backend' },
  { setting: 'cache.memory', field: 'cache.memory' },
  { setting: 'cache.disk', field: 'cache.disk' },
] as const

const read = <T>(name: string, scope?: vscode.Uri): T | undefined =>
  vscode.workspace.getConfiguration('thaw', scope).get<T>(name)

/** Node that trainers, kernels and checks run on; undefined where none is chosen. */
export const chosenNode = (): string | undefined => read<string>('nodePath')?.trim() || undefined

/** Runs of one folder that may be under way at once. */
export const parallelRuns = (scope: vscode.Uri): number =>
  Math.max(1, read<number>('parallelRuns', scope) ?? 2)

/**
 * What the settings say for fields that a run file leaves out, as `FIELD=VALUE`.
 * @param writes whether the file writes a field
 */
export function settingsFor(scope: vscode.Uri, writes: (field: string) => boolean): string[] {
  return standIns.flatMap(({ setting, field }) => {
    const value = read<string | number | null>(setting, scope)
    // the same as what the file would have without it: nothing to add
    if (value === undefined || value === null || value === 'auto' || writes(field)) return []
    return [`${field}=${value}`]
  })
}
