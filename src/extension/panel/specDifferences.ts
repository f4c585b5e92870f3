import { openRunFolder, readStoredSpec } from '../../events'
import type { Comparison } from '../protocol'

/** Fields of the resolved run files that are not the same in all runs. */
export function differingFields(folders: readonly string[]): Comparison['differences'] {
  const flat = folders.map((folder) => flatten(readStoredSpec(openRunFolder(folder)).spec))
  const paths = [...new Set(flat.flatMap((fields) => [...fields.keys()]))].sort()
  return (
    paths
      .map((path) => ({ path, values: flat.map((fields) => fields.get(path)) }))
      // a name is above each column already
      .filter(({ path, values }) => path !== 'name' && new Set(values).size > 1)
  )
}

/** `train.seed` to `3`; lists are one value. */
function flatten(value: unknown, path = '', fields = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    for (const [key, inner] of Object.entries(value)) flatten(inner, path ? `${path}.${key}` : key, fields)
  else if (value !== undefined) fields.set(path, JSON.stringify(value))
  return fields
}
