import { counted, listed, warning } from './findings'
import type { FileFacts } from './fileIndex'
import type { AuditFinding, Item } from './types'

/** One picture that occurs several times. */
type Group = Item[]

function repeated(items: readonly Item[], key: (item: Item, index: number) => string): Group[] {
  const groups = new Map<string, Group>()
  items.forEach((item, index) => {
    const value = key(item, index)
    if (value === '') return
    const group = groups.get(value)
    if (group) group.push(item)
    else groups.set(value, [item])
  })
  return [...groups.values()].filter((group) => group.length > 1)
}

const differ = (group: Group, key: 'split' | 'label') => new Set(group.map((item) => item[key])).size > 1

const pathsOf = (groups: readonly Group[]) => groups.flatMap((group) => group.map(({ path }) => path))

const examples = (groups: readonly Group[]) =>
  groups
    .slice(0, 2)
    .map((group) => listed(group.map(({ path }) => path)))
    .join('; ')

/**
 * Pictures that occur more than once: the same bytes, or the same pixels at 32 px under other bytes. Across splits
 * that is a leak (the test asks what was learnt by heart), across classes a contradiction.
 */
export function duplicateFindings(items: readonly Item[], facts: readonly FileFacts[]): AuditFinding[] {
  const findings: AuditFinding[] = []
  const same = repeated(items, (_, index) => facts[index]!.sha256)
  const alike = repeated(items, (_, index) => facts[index]!.pixels)
  // a picture that is in both lists with the same copies is told once
  const sameKeys = new Set(same.map((group) => pathsOf([group]).join('\0')))
  const near = alike.filter((group) => !sameKeys.has(pathsOf([group]).join('\0')))
  const everything = [...same, ...near]

  const leaks = everything.filter((group) => differ(group, 'split'))
  if (leaks.length > 0)
    findings.push(
      warning(
        'leak',
        `${counted(leaks.length, 'picture is', 'pictures are')} in more than one split, so results on val or test look better than they are: ${examples(leaks)}. Keep each in one split only.`,
        pathsOf(leaks),
      ),
    )
  const conflicts = everything.filter((group) => differ(group, 'label'))
  if (conflicts.length > 0)
    findings.push(
      warning(
        'conflict',
        `${counted(conflicts.length, 'picture is', 'pictures are')} in more than one class: ${examples(conflicts)}. Keep each in the right one.`,
        pathsOf(conflicts),
      ),
    )
  const plain = (group: Group) => !differ(group, 'split') && !differ(group, 'label')
  const copies = same.filter(plain)
  if (copies.length > 0)
    findings.push(
      warning(
        'duplicate',
        `${counted(copies.length, 'picture occurs', 'pictures occur')} more than once: ${examples(copies)}. Each copy counts as an image of its own.`,
        pathsOf(copies),
      ),
    )
  const nearCopies = near.filter(plain)
  if (nearCopies.length > 0)
    findings.push(
      warning(
        'near-duplicate',
        `${counted(nearCopies.length, 'picture occurs', 'pictures occur')} more than once in other files that look the same at 32 px: ${examples(nearCopies)}.`,
        pathsOf(nearCopies),
      ),
    )
  return findings
}
