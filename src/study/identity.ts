import { realpathSync } from 'node:fs'
import { sourcesOf, storedSources } from '../own/store'
import type { ResolvedSpec } from '../spec'

/** What decides the weights of a run: its resolved spec without its name, and files of the user's own that it runs. */
export function identityOf(spec: ResolvedSpec, base: string): string {
  return identity(spec, base, sourcesOf(spec.strategy.name, base)?.hash)
}

/** Of a run that is there; its own strategy as it was when the run was made. */
export function identityOfRun({ spec, base }: { spec: ResolvedSpec; base: string }, path: string): string {
  return identity(spec, base, storedSources(path)?.hash)
}

function identity(spec: ResolvedSpec, base: string, own: string | undefined): string {
  const { name: _name, $schema: _schema, tune: _tune, tuned: _tuned, ...rest } = spec
  return canonical({ rest, base: realPath(base), own })
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** JSON that does not depend on the order in which fields were written. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
