import { catalog } from '../../engine/strategies/catalog'
import { ownOptions } from '../../own/options'
import { parseRunFile, UserError, type Problem, type ResolvedSpec } from '../../spec'
import type { ForkOptions, TuneOptions } from '../cellApi'

/** A run file as it was written: what is left out has its default. */
export type WrittenSpec = Record<string, unknown>

export interface ReadSpec {
  written: WrittenSpec
  spec: ResolvedSpec
}

/** @throws UserError with all that is wrong */
export function readWritten(written: WrittenSpec, base: string): ReadSpec {
  const { spec, problems } = parseRunFile(JSON.stringify(written), {
    file: 'session',
    strategies: catalog,
    own: ownOptions(base),
  })
  if (!spec) throw new UserError(problemLines(problems).join('\n'))
  return { written, spec }
}

/** Problems of a run file that nobody has as a file: without a place. */
function problemLines(problems: readonly Problem[]): string[] {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message, hint }) => `${path ? `${path}: ` : ''}${message}${hint ? `; ${hint}` : ''}`)
}

const part = (written: WrittenSpec, name: string): Record<string, unknown> => {
  const value = written[name]
  return typeof value === 'object' && value !== null ? { ...(value as Record<string, unknown>) } : {}
}

/** Puts the options of `tune` and `fork` where a run file has them; what is no option of theirs is the strategy's. */
export function withOptions(written: WrittenSpec, options: TuneOptions & ForkOptions): WrittenSpec {
  const {
    name,
    strategy,
    rate,
    headRate,
    optimizer,
    schedule,
    freeze,
    seed,
    steps,
    epochs,
    batchSize,
    backend,
    ...strategyOptions
  } = options
  const train = part(written, 'train')
  const rule = { ...part(train, 'optimizer'), ...optimizer }
  if (rate !== undefined) rule.rate = rate
  if (headRate !== undefined) rule.headRate = headRate
  if (Object.keys(rule).length > 0) train.optimizer = rule
  const set = (target: Record<string, unknown>, key: string, value: unknown) => {
    if (value !== undefined) target[key] = value
  }
  set(train, 'schedule', schedule)
  set(train, 'seed', seed)
  set(train, 'batchSize', batchSize)
  set(train, 'steps', steps)
  set(train, 'epochs', epochs)
  if (steps !== undefined && epochs === undefined) delete train.epochs
  const result: WrittenSpec = { ...written }
  if (Object.keys(train).length > 0) result.train = train
  set(result, 'freeze', freeze)
  set(result, 'backend', backend)
  delete result.name
  set(result, 'name', name)
  result.strategy = mergeStrategy(written.strategy, strategy, strategyOptions)
  return result
}

/** The same strategy keeps its options beside the new ones; another begins with its own defaults. */
function mergeStrategy(
  before: unknown,
  wanted: ForkOptions['strategy'],
  options: Record<string, unknown>,
): unknown {
  const old = typeof before === 'string' ? { name: before } : (before as { name: string } | undefined)
  const asked = typeof wanted === 'string' ? { name: wanted } : wanted
  const kept = asked === undefined || asked.name === old?.name ? old : undefined
  const merged = { name: 'full', ...kept, ...asked, ...options }
  return Object.keys(merged).length === 1 ? merged.name : merged
}

/** `thaw:NAME` for a name of the package, else a path as it is. */
export function sourceOf(name: string, packaged: readonly string[]): string {
  return packaged.includes(name) ? `thaw:${name}` : name
}
