import { listed, warning } from './findings'
import type { Scan } from './scan'
import type { AuditFinding } from './types'

const hasControls = (name: string) => [...name].some((letter) => letter < ' ' || letter === '\u007f')

/** What is odd about a folder before any name is given a meaning. */
export function scanFindings(scan: Scan): AuditFinding[] {
  const findings: AuditFinding[] = []
  const add = (list: string[], finding: (what: string) => AuditFinding) => {
    if (list.length > 0) findings.push({ ...finding(listed(list)), paths: list })
  }
  add(scan.loops, (what) =>
    warning(
      'symlink-loop',
      `A link that leads back to a folder it lies in (or to itself) is not followed: ${what}. Remove the link.`,
    ),
  )
  add(scan.outside, (what) =>
    warning(
      'symlink-outside',
      `A link that leads out of the data's folder is not followed: ${what}. Copy the files in, or point data.source at their real folder.`,
    ),
  )
  add(scan.broken, (what) =>
    warning('unreadable', `Cannot be opened and is ignored (a link to nothing, or no permission): ${what}.`),
  )
  add(scan.odd, (what) =>
    warning('odd-name', `The name is not valid UTF-8, so the file cannot be opened: ${what}. Rename it.`),
  )
  add(scan.tooDeep, (what) => warning('ignored', `Folders nested too deep are ignored: ${what}.`))
  add(scan.foreign, (what) =>
    warning(
      'not-an-image',
      `Pictures of a kind that cannot be read here are ignored: ${what}. Convert them to PNG or JPEG.`,
    ),
  )
  const strange = [...scan.images, ...scan.folders].filter((path) => hasControls(path.split('/').at(-1)!))
  add(strange, (what) =>
    warning(
      'odd-name',
      `A name with control characters works here but breaks many tools: ${what}. Rename it.`,
    ),
  )
  return findings
}
