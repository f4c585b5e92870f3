import { explain } from './evaluate'
import type { Sources } from './sources'

/**
 * A value whose functions, and those of what they return, tell errors by the script's line. Tensors, maps and numbers
 * pass through: only plain objects, arrays of them and the strategy's runtime are looked into.
 */
export function guard<T>(sources: Sources, value: T): T {
  if (typeof value === 'function') return guardFunction(sources, value as never) as T
  if (Array.isArray(value)) return value.map((entry: unknown) => guard(sources, entry)) as T
  if (!isPlain(value)) return value
  const entries = Object.entries(value).map(([key, entry]) => [key, guard(sources, entry)])
  return Object.fromEntries(entries) as T
}

function guardFunction(sources: Sources, run: (...args: unknown[]) => unknown) {
  return function (this: unknown, ...args: unknown[]): unknown {
    try {
      const result = run.apply(this, args)
      return result instanceof Promise
        ? result.catch((error: unknown) => {
            throw explain(sources, error)
          })
        : result
    } catch (error) {
      throw explain(sources, error)
    }
  }
}

/** The object that `create` gives: it may be of a class, with state and getters of its own. */
export function guardObject<T extends object>(sources: Sources, object: T): T {
  return new Proxy(object, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? guardFunction(sources, value.bind(target) as never) : value
    },
  })
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
