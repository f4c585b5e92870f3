import vm from 'node:vm'
import { UserError } from '../spec/types'
import { compile, resolveStored, type Sources } from './sources'

/** What scripts may import by name. */
export type Modules = Readonly<Record<string, unknown>>

/** The top of a script declares; it does not compute. */
const TOP_MS = 5000

/** Frames of a script's own files in a stack. */
const frame = (entry: string): RegExp => new RegExp(`thaw-own:(${escape(entry)}):(\\d+):(\\d+)`)
const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * Runs a script's files and gives what its entry exports.
 * @throws UserError with the place of whatever it throws
 */
export function evaluate(sources: Sources, modules: Modules): Record<string, unknown> {
  const done = new Map<string, { exports: Record<string, unknown> }>()
  const load = (name: string): Record<string, unknown> => {
    const known = done.get(name)
    if (known) return known.exports
    const module = { exports: {} as Record<string, unknown> }
    done.set(name, module)
    const require = (wanted: string): unknown => {
      if (wanted in modules) return modules[wanted]
      const file = wanted.startsWith('.') ? resolveStored(sources, name, wanted) : undefined
      if (file) return load(file)
      throw new UserError(
        `${name}: there is no module "${wanted}" for a strategy; it may import ${Object.keys(modules)
          .map((known) => `"${known}"`)
          .join(', ')} and files beside it`,
      )
    }
    const code = `(function (exports, require, module) {${compile(name, sources.files[name]!)}\n})`
    const run = new vm.Script(code, { filename: `thaw-own:${name}` }).runInThisContext({
      timeout: TOP_MS,
    }) as (exports: unknown, require: unknown, module: unknown) => void
    run(module.exports, require, module)
    return module.exports
  }
  return placed(sources, () => load(sources.entry))
}

/** Runs something of a script. @throws UserError, with the script's file, line and column in front */
export function placed<T>(sources: Sources, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw explain(sources, error)
  }
}

/** An error as a sentence with its place in the script; one that is a sentence already stays as it is. */
export function explain(sources: Sources, error: unknown): unknown {
  if (error instanceof UserError) return error
  if (!(error instanceof Error)) return new UserError(`${sources.entry}: it throws ${String(error)}`)
  const lines = (error.stack ?? '').split('\n')
  const names = Object.keys(sources.files)
  for (const line of lines)
    for (const name of names) {
      const found = frame(name).exec(line)
      if (!found) continue
      const column = Number(found[2]) === 1 ? Math.max(1, Number(found[3]) - WRAPPER) : Number(found[3])
      return new UserError(`${name}:${found[2]}:${column}: ${error.name}: ${error.message}`)
    }
  // the parser names the file alone
  const at = /^thaw-own:([^:]+):(\d+)/.exec(lines[0] ?? '')
  return at ? new UserError(`${at[1]}:${at[2]}:1: ${error.name}: ${error.message}`) : error
}

const WRAPPER = '(function (exports, require, module) {'.length
