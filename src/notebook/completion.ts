import type { CompleteResult } from './protocol'

/** The dotted path in front of the cursor: `session.st` gives `['session']` and `st`. */
export function pathBefore(code: string, offset: number): { path: string[]; prefix: string } | undefined {
  const found = /([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\.([\w$]*)$/.exec(code.slice(0, offset))
  return found ? { path: found[1]!.split('.'), prefix: found[2]! } : undefined
}

/** Members of the value that a path names now. Getters are listed, never called. */
export function membersOf(scope: object, path: readonly string[]): CompleteResult['names'] {
  let value: unknown = scope
  for (const name of path) {
    const property = describe(value, name)
    if (!property || property.get) return []
    value = property.value as unknown
  }
  const names: CompleteResult['names'] = []
  const seen = new Set<string>(['constructor'])
  for (
    let at = value;
    at !== null && at !== undefined && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(Object(at)))) {
      if (seen.has(name) || /^\d+$/.test(name)) continue
      seen.add(name)
      const method = typeof property.value === 'function'
      names.push({
        name,
        kind: method ? 'method' : 'field',
        detail: method ? 'method' : typeof property.value,
      })
    }
  }
  return names.slice(0, 500)
}

function describe(value: unknown, name: string): PropertyDescriptor | undefined {
  for (let at = value; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(Object(at), name)
    if (property) return property
  }
  return undefined
}
