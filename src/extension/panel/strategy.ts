import { catalog } from '../../engine/strategies/catalog'
import type { PanelRun, StrategyOption } from '../protocol'

/** What the panel says of the run's strategy: a sentence from the catalogue, and the options in use. */
export function strategyOf(told: { name: string; title: string; options: unknown }): PanelRun['strategy'] {
  const { name, title, options } = told
  const meta = catalog.find((one) => one.name === name)
  const defaults = meta?.options.safeParse({})
  const known = defaults?.success ? new Map(flat(defaults.data)) : undefined
  return {
    name,
    title,
    ...(meta && { summary: meta.summary }),
    options: flat(options).map(([path, value]): StrategyOption => ({
      name: path,
      value,
      ...(known && { isDefault: known.get(path) === value }),
    })),
  }
}

/** Leaves of an object by their path, as text. */
function flat(value: unknown, path = ''): [path: string, value: string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return path === '' ? [] : [[path, typeof value === 'string' ? value : JSON.stringify(value)]]
  return Object.entries(value).flatMap(([key, one]) => flat(one, path === '' ? key : `${path}.${key}`))
}
