import { z } from 'zod'
import { explainIssues, print, type Fault } from './issues'
import { DEFAULT_STRATEGY, toJson, type StrategyOptions } from './jsonSchema'
import { suggest } from './suggest'
import { UserError } from './types'

type Resolved = { name: string; [option: string]: unknown }

/** Resolves `"full"` or `{"name": "full", …}` to name and options with defaults; paths start at the strategy. */
export function resolveStrategy(
  written: unknown,
  strategies: readonly StrategyOptions[],
  own?: (name: string) => StrategyOptions,
): { strategy?: Resolved; faults: Fault[] } {
  const names = strategies.map((strategy) => strategy.name)
  const list = `write one of ${names.join(', ')}`
  const value = written === undefined ? DEFAULT_STRATEGY : written
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return { faults: [{ at: [], message: `${print(value)} is not a strategy`, hint: list }] }
  }
  const { name, ...options } =
    typeof value === 'string' ? { name: value } : (value as Record<string, unknown>)
  const at = typeof value === 'string' ? [] : ['name']
  if (name === undefined) return { faults: [{ at, message: 'missing', hint: list }] }
  if (typeof name === 'string' && OWN.test(name)) return resolveOwn(name, options, at, own)
  const known = strategies.find((strategy) => strategy.name === name)
  if (!known) {
    const near = typeof name === 'string' ? suggest(name, names) : undefined
    const message =
      typeof name === 'string'
        ? `unknown strategy ${print(name)}`
        : `${print(name)} is not the name of a strategy`
    return { faults: [{ at, message, hint: near ? `did you mean ${JSON.stringify(near)}?` : list }] }
  }
  return resolveOptions(known, options)
}

/** How a file of the user's is written as a strategy's name. */
const OWN = /^\.{1,2}\/.+\.[cm]?[jt]s$/

function resolveOwn(
  name: string,
  options: Record<string, unknown>,
  at: Fault['at'],
  own: ((name: string) => StrategyOptions) | undefined,
) {
  if (!own)
    return {
      faults: [
        {
          at,
          message: `${print(name)} is code of your own, which is not run here`,
          hint: 'trust the workspace, or use `thaw run`',
        },
      ],
    }
  try {
    return resolveOptions(own(name), options)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const cut = error.message.lastIndexOf('; ')
    const [message, hint] =
      cut < 0 ? [error.message, 'mend the file'] : [error.message.slice(0, cut), error.message.slice(cut + 2)]
    return { faults: [{ at, message, hint }] }
  }
}

function resolveOptions(
  known: StrategyOptions,
  options: Record<string, unknown>,
): { strategy?: Resolved; faults: Fault[] } {
  const result = z.strictObject(known.options.shape).safeParse(options)
  const refined = result.success ? known.options.safeParse(options) : result
  if (!refined.success) return { faults: explainIssues(refined.error.issues, options, toJson(known.options)) }
  return { strategy: { name: known.name, ...refined.data }, faults: [] }
}
