import { dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { log } from '../output'
import type { ToHost } from '../protocol'

type Save = Extract<ToHost, { type: 'save' }>

const kinds: Record<Save['format'], string> = {
  svg: 'SVG picture',
  png: 'PNG picture',
  csv: 'Comma-separated values',
}

/** Asks where to, and writes what the page drew. Undefined when the person gave up. */
export async function saveExport(
  run: string,
  { name, format, content }: Save,
): Promise<{ ok: boolean; message: string } | undefined> {
  const safe = name.replace(/[^\w.-]+/g, '-').slice(0, 80) || 'picture'
  // beside the folder `.thaw`, which nobody looks into
  const beside = join(dirname(dirname(dirname(run))), `${safe}.${format}`)
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(beside),
    filters: { [kinds[format]]: [format] },
  })
  if (!target) return undefined
  try {
    await vscode.workspace.fs.writeFile(target, Buffer.from(content, format === 'png' ? 'base64' : 'utf8'))
    log(`wrote ${target.fsPath}`)
    return { ok: true, message: `Saved ${target.fsPath}` }
  } catch (error) {
    return { ok: false, message: `${target.fsPath} could not be written: ${String(error)}` }
  }
}
