import { getNodeValue, parseTree, type Node } from 'jsonc-parser'

/** A part of a run in the order of time, and where it is written. */
export interface OutlinePart {
  name: string
  detail: string
  kind: 'phase' | 'action'
  offset: number
  length: number
}

/** Steps that a run has when its file does not say. */
const STEPS = 60

type Written = Record<string, unknown> | undefined

/** The phases and live actions of a run file by step; a text that is no run file has none. */
export function outlineOf(text: string): OutlinePart[] {
  const root = parseTree(text, [], { allowTrailingComma: true })
  if (root?.type !== 'object') return []
  const { freeze, train } = fieldsOf(root)
  const steps = train && numberOf(fieldsOf(train).steps)
  const actions = train && fieldsOf(train).actions
  return [...phases(freeze, steps ?? STEPS), ...doings(actions)].sort(
    (a, b) => a.from - b.from || a.offset - b.offset,
  )
}

type Placed = OutlinePart & { from: number }

function phases(list: Node | undefined, total: number): Placed[] {
  let from = 0
  return itemsOf(list).map((node, i): Placed => {
    const { name, steps, train } = getNodeValue(node) as { name?: unknown; steps?: unknown; train?: unknown }
    const last = typeof steps === 'number' ? from + steps : total
    const part = {
      name: typeof name === 'string' ? name : `phase ${i + 1}`,
      detail: `steps ${from + 1} to ${last}: ${listed(train)}`,
      kind: 'phase' as const,
      offset: node.offset,
      length: node.length,
      from,
    }
    from = last
    return part
  })
}

function doings(list: Node | undefined): Placed[] {
  return itemsOf(list).map((node): Placed => {
    const { at, do: what } = getNodeValue(node) as { at?: unknown; do?: unknown }
    const [verb, on] =
      typeof what === 'string' ? [what] : (Object.entries((what as Written) ?? {})[0] ?? ['nothing'])
    return {
      name: `at ${String(at)}`,
      detail: on === undefined ? String(verb) : `${verb} ${listed(on)}`,
      kind: 'action',
      offset: node.offset,
      length: node.length,
      from: typeof at === 'number' ? at : 0,
    }
  })
}

const listed = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value))

const itemsOf = (list: Node | undefined): Node[] =>
  list?.type === 'array' ? (list.children ?? []).filter(({ type }) => type === 'object') : []

const numberOf = (node: Node | undefined): number | undefined =>
  node?.type === 'number' ? (node.value as number) : undefined

function fieldsOf(node: Node): Partial<Record<string, Node>> {
  if (node.type !== 'object') return {}
  return Object.fromEntries(
    (node.children ?? []).map(({ children }) => [children?.[0]?.value, children?.[1]]),
  )
}
