import * as vscode from 'vscode'
import { heavy } from '../load'

/** What a diagnostic of ours offers to write instead. */
export interface Fix {
  title: string
  /** Puts this in place of the word that is marked. */
  replace?: string
  /** Removes the field that is marked. */
  remove?: true
  preferred: boolean
}

/** Reads the hint of a message; its words are those of src/spec/issues.ts and of preflight. */
export function fixesOf(message: string): Fix[] {
  // the run file's own words are in double quotes, names of the network in single ones
  const near = /; did you mean (["'])(.+)\1\?$/.exec(message)
  if (near) return [changeTo(near[2]!, true)]
  if (/; remove it$/.test(message)) return [{ title: 'Remove this field', remove: true, preferred: true }]
  const largest = /; write (\d+(?:\.\d+)?) or less/.exec(message)
  if (largest) return [{ title: `Change to ${largest[1]}`, replace: largest[1]!, preferred: true }]
  const listed =
    /; write one of ([\w\-.*/, "]+)$/.exec(message) ??
    /; write ((?:"[^"]+"(?:, | or )?)+)/.exec(message) ??
    /; there is ('[^']+'(?:, '[^']+')*)/.exec(message)
  if (!listed) return []
  return [...listed[1]!.matchAll(/(["'])(.+?)\1/g)].slice(0, 8).map(([, , name]) => changeTo(name!, false))
}

function changeTo(name: string, preferred: boolean): Fix {
  const quoted = JSON.stringify(name)
  return { title: `Change to ${quoted}`, replace: quoted, preferred }
}

/** Quick fixes for what validation and preflight say of a run file. */
export class QuickFixes implements vscode.CodeActionProvider {
  provideCodeActions(
    document: vscode.TextDocument,
    _range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    return diagnostics
      .filter(({ source }) => source?.startsWith('thaw'))
      .flatMap((diagnostic) =>
        fixesOf(diagnostic.message).flatMap((fix) => {
          const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix)
          action.diagnostics = [diagnostic]
          action.isPreferred = fix.preferred
          action.edit = new vscode.WorkspaceEdit()
          if (fix.replace !== undefined) action.edit.replace(document.uri, diagnostic.range, fix.replace)
          else {
            const path = /^([^:\s]+): /.exec(diagnostic.message)?.[1]
            const edits = path ? heavy().removalOf(document.getText(), path) : undefined
            if (!edits) return []
            for (const { offset, length, content } of edits)
              action.edit.replace(
                document.uri,
                new vscode.Range(document.positionAt(offset), document.positionAt(offset + length)),
                content,
              )
          }
          return [action]
        }),
      )
  }
}
