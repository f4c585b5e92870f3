import * as vscode from 'vscode'
import { sendControl } from '../runner/controlClient'
import { log } from './output'
import { UNTRUSTED } from './trust'
import type { Command } from './protocol'

/** Tells a run something; what went wrong is a sentence, never an exception. */
export async function control(
  folder: string,
  command: Command,
  source: string,
): Promise<{ ok: boolean; message: string }> {
  // the address of a run's socket comes from its folder
  if (!vscode.workspace.isTrusted) return { ok: false, message: UNTRUSTED }
  try {
    await sendControl(folder, command, source)
    log(`${folder}: ${command.do}, from ${source}`)
    return { ok: true, message: '' }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    log(`${folder}: ${command.do} failed. ${message}`)
    return { ok: false, message }
  }
}
