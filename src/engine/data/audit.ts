import { createHash } from 'node:crypto'
import PQueue from 'p-queue'
import { duplicateFindings } from './duplicates'
import { FileIndex, type FileFacts } from './fileIndex'
import { failure, quoted } from './findings'
import { inspectFile } from './inspect'
import type { AuditFinding, Dataset, FindingCode } from './types'

export interface AuditOptions {
  /** Called as images are looked at. */
  onProgress?(done: number, total: number): void
  /** Ends the audit early; it rejects with the signal's reason. */
  signal?: AbortSignal
}

/** Findings from opening, kept apart so that a second audit starts from them again. */
const opened = new WeakMap<Dataset, AuditFinding[]>()

/**
 * Looks into every image once (with a cache folder: only into those that are new or changed) and tells what is
 * wrong with the set. Errors will stop a run; warnings will not. Also sets `dataset.findings` and `dataset.hash`.
 */
export async function auditDataset(dataset: Dataset, options: AuditOptions = {}): Promise<AuditFinding[]> {
  const structure = opened.get(dataset) ?? dataset.findings
  opened.set(dataset, structure)
  const facts = await lookInto(dataset, options)
  dataset.findings = [
    ...structure,
    ...problemFindings(dataset, facts),
    ...duplicateFindings(dataset.items, facts),
  ].sort((one, other) => Number(one.severity === 'warning') - Number(other.severity === 'warning'))
  dataset.hash = hashOf(dataset, facts)
  return dataset.findings
}

async function lookInto(dataset: Dataset, { onProgress, signal }: AuditOptions): Promise<FileFacts[]> {
  const index = new FileIndex(dataset.root, dataset.cache)
  const queue = new PQueue({ concurrency: 4 })
  let done = 0
  try {
    return await queue.addAll(
      dataset.items.map(({ path }) => async () => {
        signal?.throwIfAborted()
        const facts = await index.facts(path, inspectFile)
        onProgress?.(++done, dataset.items.length)
        return facts
      }),
    )
  } finally {
    await queue.onIdle()
    await index.save()
  }
}

/** One finding a file, up to ten of a kind; then one for the rest. */
function problemFindings(dataset: Dataset, facts: readonly FileFacts[]): AuditFinding[] {
  const byCode = new Map<FindingCode, { path: string; message: string }[]>()
  facts.forEach(({ problem }, index) => {
    if (!problem) return
    const list = byCode.get(problem.code) ?? []
    list.push({ path: dataset.items[index]!.path, message: problem.message })
    byCode.set(problem.code, list)
  })
  const shown = 10
  return [...byCode].flatMap(([code, problems]) => {
    const first = problems.slice(0, shown)
    const findings = first.map(({ path, message }) =>
      failure(code, `${quoted(path)} ${message}. Remove or replace it.`, [path]),
    )
    const rest = problems.slice(shown)
    if (rest.length > 0)
      findings.push(
        failure(
          code,
          `The same (${code}) holds for ${rest.length} more. Remove or replace them.`,
          rest.map(({ path }) => path),
        ),
      )
    return findings
  })
}

/** Whatever changes what is trained on changes this: names, order, labels, splits, background and bytes. */
function hashOf(dataset: Dataset, facts: readonly FileFacts[]): string {
  const rows = dataset.items.map(({ path, label, split }, index) => [
    path,
    label,
    split,
    facts[index]!.sha256,
  ])
  return createHash('sha256')
    .update(JSON.stringify([dataset.classes, dataset.background, rows]))
    .digest('hex')
}
