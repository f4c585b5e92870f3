import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { explainFailure } from '../../events'
import type { Analysis } from '../analysis'
import { charts } from './charts'
import { markdown } from './markdown'
import { toSvg } from './svg'

/** Writes `report.md`, `report.json` and the pictures (`.vl.json`, `.svg`). @returns names of the files */
export async function writeReport(folder: string, analysis: Analysis): Promise<string[]> {
  const pictures = Object.entries(charts(analysis))
  const files = new Map<string, string>()
  for (const [name, spec] of pictures) {
    files.set(`${name}.vl.json`, json(spec))
    files.set(`${name}.svg`, `${await toSvg(spec)}\n`)
  }
  files.set('report.json', json(analysis))
  // last, since it shows the others
  files.set(
    'report.md',
    markdown(
      analysis,
      pictures.map(([name]) => name),
    ),
  )
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of files) writeFileAtomic(join(folder, name), text, { fsync: false })
  } catch (error) {
    throw explainFailure(error, 'write the report to', folder)
  }
  return [...files.keys()].sort()
}

/** Non-finite numbers become null, as JSON has none. */
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
