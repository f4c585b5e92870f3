import { z } from 'zod'
import { findConflicts } from './checks'
import { explainIssues, type Fault } from './issues'
import { jsonSchema, type StrategyOptions } from './jsonSchema'
import { printPath, readPath } from './path'
import { anyStrategySchema, createRunFileSchema, type ResolvedSpec } from './schema'
import { nodeAt, parseSource, placeAt, propertyOf, type Path, type Source } from './source'
import { spaceFaults, withoutTune } from './space'
import { resolveStrategy } from './strategy'
import type { Place, Problem } from './types'
import { readValue } from './value'

export interface ParseOptions {
  /** Name of the file in messages. */
  file: string
  strategies: readonly StrategyOptions[]
  /**
   * Options of a strategy that is a file of the user's (`./mine.ts`); left out where such files must not be run.
   * Throws a UserError.
   */
  own?(name: string): StrategyOptions
}

/** `spec` is there exactly when no problem is an error; every problem has a place in the file. */
export interface ParsedRunFile {
  spec?: ResolvedSpec
  problems: Problem[]
}

const fieldsSchema = createRunFileSchema(z.unknown().optional())
const resolvedSchema = createRunFileSchema(anyStrategySchema)

/** Reads a run file: JSON with comments, every field checked, defaults filled in. Never throws for any text. */
export function parseRunFile(text: string, { file, strategies, own }: ParseOptions): ParsedRunFile {
  const source = parseSource(text, file)
  if (!source.root) return { problems: [source.problem!] }
  const tree = { ...source, root: source.root }
  const { value, problems } = readValue(tree)
  const tell = (severity: Problem['severity'], { at, key, message, hint }: Fault) =>
    problems.push({ severity, path: printPath(at), message, hint, place: placeOfPath(tree, at, key) })

  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    tell('error', { at: [], message: 'a run file is an object', hint: 'write `{ … }` around its fields' })
    return { problems }
  }
  const written = value as Record<string, unknown>
  const fields = fieldsSchema.safeParse(written)
  if (!fields.success) {
    const schema = jsonSchema(strategies)
    for (const fault of firstOfEachPath(explainIssues(fields.error.issues, written, schema)))
      tell('error', fault)
  }
  const { strategy, faults } = resolveStrategy(written.strategy, strategies, own)
  for (const fault of firstOfEachPath(faults)) tell('error', { ...fault, at: ['strategy', ...fault.at] })
  if (problems.some((problem) => problem.severity === 'error')) return { problems: inOrder(problems) }

  const spec = resolvedSchema.parse({ ...written, strategy })
  for (const { severity, ...conflict } of findConflicts(spec, written)) tell(severity, conflict)
  if (spec.tune) {
    const errorsOf = (trial: string) =>
      parseRunFile(trial, { file, strategies, own }).problems.filter(({ severity }) => severity === 'error')
    if (errorsOf(withoutTune(text)).length === 0)
      for (const found of spaceFaults(text, spec.tune, errorsOf)) tell('error', found)
  }
  const failed = problems.some((problem) => problem.severity === 'error')
  return failed ? { problems: inOrder(problems) } : { spec, problems: inOrder(problems) }
}

/** Where a path lies in a run file, else the nearest enclosing field that is written. */
export function placeOf(text: string, path: string | Path, file = ''): Place {
  const source = parseSource(text, file)
  const segments = typeof path === 'string' ? (readPath(path) ?? []) : path
  return source.root
    ? placeOfPath({ ...source, root: source.root }, segments)
    : (source.problem?.place ?? placeAt(text, 0, file))
}

function placeOfPath(source: Source & { root: NonNullable<Source['root']> }, path: Path, key = false): Place {
  const { node, found } = nodeAt(source.root, path)
  const last = path.at(-1)
  const parent = nodeAt(source.root, path.slice(0, -1)).node
  const property = typeof last === 'string' && found ? propertyOf(parent, last) : undefined
  const offset = key && property ? property.offset : node.offset
  return placeAt(source.text, offset, source.file)
}

function firstOfEachPath(faults: Fault[]): Fault[] {
  const seen = new Set<string>()
  return faults.filter(({ at }) => {
    const path = printPath(at)
    return seen.has(path) ? false : seen.add(path)
  })
}

function inOrder(problems: Problem[]): Problem[] {
  return problems.sort((a, b) => a.place!.line - b.place!.line || a.place!.column - b.place!.column)
}
