import { getLocation, type JSONPath } from 'jsonc-parser'

/** Whether a place in a run file names layers: phases, live freezes, and options of strategies that hook layers. */
export function namesLayers(path: JSONPath): boolean {
  const text = path.join('.')
  return (
    /^freeze\.\d+\.train\.\d+$/.test(text) ||
    /^train\.actions\.\d+\.do\.(freeze|unfreeze)\.\d+$/.test(text) ||
    /^strategy\.(hooks|layers|cuts|hint|guided|pairs)(\.\d+)*(\.(layer|student|teacher))?$/.test(text) ||
    text === 'model.cut'
  )
}

/** The text between the quotes at an offset, and where it begins; undefined where layers cannot be named. */
export function patternAt(text: string, offset: number): { start: number; end: number } | undefined {
  const { path, previousNode, isAtPropertyKey } = getLocation(text, offset)
  if (isAtPropertyKey || !namesLayers(path)) return undefined
  const node = previousNode
  if (node?.type === 'string' && offset >= node.offset && offset <= node.offset + node.length)
    return { start: node.offset, end: node.offset + node.length }
  return { start: offset, end: offset }
}
