import type { AuditFinding } from '../../engine/data'
import type { Problem } from '../../spec'

/** Findings of the audit in the shape of all other problems; they belong to `data.source`. */
export function findingProblems(findings: readonly AuditFinding[]): Problem[] {
  return findings.map(({ severity, message }) => {
    const [what, ...rest] = message.split('; ')
    return {
      severity,
      path: 'data.source',
      message: what!,
      ...(rest.length > 0 && { hint: rest.join('; ') }),
    }
  })
}
