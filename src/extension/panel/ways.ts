import { join } from 'node:path'
import * as vscode from 'vscode'
import { openRunFolder } from '../../events'
import type { Way } from '../protocol'
import { resumeHere } from '../start'
import { mayRun } from '../trust'

/** Goes the way that a person chose; what stands in it is a sentence. */
export async function goOn(way: Way, folder: string, close: () => void): Promise<string | undefined> {
  try {
    await go(way, folder, close)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function go(way: Way, folder: string, close: () => void): Promise<void> {
  const open = (path: string) => vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path))
  switch (way) {
    case 'resume':
      if (mayRun()) await resumeHere(folder)
      return
    case 'log':
      await open(join(folder, 'trainer.log'))
      return
    case 'events':
      await open(openRunFolder(folder).events)
      return
    case 'cache':
      await vscode.commands.executeCommand('thaw.clearCache')
      return
    case 'runs':
      await vscode.commands.executeCommand('thaw.runs.focus')
      return
    case 'close':
      close()
  }
}
