import type { Node } from 'jsonc-parser'
import { printPath } from './path'
import { FORBIDDEN_KEYS, placeAt, type Path, type Source } from './source'
import type { Problem } from './types'

/** The plain value of a tree, without keys that reach a prototype, and what is wrong with its keys. */
export function readValue(source: Source & { root: Node }): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = []
  const tell = (severity: Problem['severity'], node: Node, path: Path, message: string, hint: string) => {
    const place = placeAt(source.text, node.offset, source.file)
    problems.push({ severity, path: printPath(path), message, hint, place })
  }
  const read = (node: Node, path: Path): unknown => {
    if (node.type === 'array') return (node.children ?? []).map((child, i) => read(child, [...path, i]))
    if (node.type !== 'object') return node.value as unknown
    const value: Record<string, unknown> = {}
    for (const property of node.children ?? []) {
      const [keyNode, valueNode] = property.children ?? []
      if (!keyNode || !valueNode) continue
      const key = keyNode.value as string
      if (FORBIDDEN_KEYS.has(key)) {
        tell('error', keyNode, [...path, key], `\`${key}\` is not allowed as a field name`, 'remove it')
        continue
      }
      if (Object.hasOwn(value, key)) {
        tell('warning', keyNode, [...path, key], 'given twice; the last one counts', 'remove the other')
      }
      value[key] = read(valueNode, [...path, key])
    }
    return value
  }
  return { value: read(source.root, []), problems }
}
