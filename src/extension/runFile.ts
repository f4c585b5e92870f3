import { dirname } from 'node:path'
import * as vscode from 'vscode'
import { catalog } from '../engine/strategies/catalog'
import { ownOptions } from '../own/options'
import { parseRunFile, type ParseOptions, type Problem, type ResolvedSpec } from '../spec'

/** Checks a run file; the problems go to the Problems panel. */
export function check(
  document: vscode.TextDocument,
  diagnostics: vscode.DiagnosticCollection,
): { spec?: ResolvedSpec; problems: Problem[] } {
  const result = parseRunFile(document.getText(), parseOptions(document))
  diagnostics.set(
    document.uri,
    result.problems.map((problem) => diagnostic(document, problem)),
  )
  return result
}

export const parseOptions = (document: vscode.TextDocument): ParseOptions => ({
  file: document.uri.fsPath,
  strategies: catalog,
  // reading the options of a user's own strategy runs its file
  own: vscode.workspace.isTrusted ? ownOptions(baseOf(document)) : undefined,
})

export const baseOf = (document: vscode.TextDocument): string => dirname(document.uri.fsPath)

/** A problem where it lies in the text. */
export function diagnostic(
  document: vscode.TextDocument,
  problem: Problem,
  source = 'thaw',
): vscode.Diagnostic {
  const { line, column } = problem.place ?? { line: 1, column: 1 }
  const at = document.validatePosition(new vscode.Position(line - 1, column - 1))
  const range =
    document.getWordRangeAtPosition(at, /"[^"]*"|[-\w.]+/) ?? new vscode.Range(at, at.translate(0, 1))
  const path = problem.path ? `${problem.path}: ` : ''
  const made = new vscode.Diagnostic(
    range,
    `${path}${problem.message}${problem.hint ? `; ${problem.hint}` : ''}`,
    problem.severity === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning,
  )
  made.source = source
  return made
}
