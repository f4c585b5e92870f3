import { inspect } from 'node:util'
import { DISPLAY, isDisplayed } from '../display'
import { DISPLAY_LIMIT, type OutputItems, type Variable } from '../protocol'

const LOOK = { depth: 3, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 100 } as const

/** Forms of a value as a cell's output. */
export async function itemsOf(value: unknown): Promise<OutputItems> {
  if (isDisplayed(value)) return limited(await value[DISPLAY]())
  return { 'text/plain': typeof value === 'string' ? cut(value) : inspect(value, LOOK) }
}

const cut = (text: string): string =>
  text.length > 100_000 ? `${text.slice(0, 100_000)}… (${text.length - 100_000} more characters)` : text

/** A display that is too big for a file is left to its words. */
export function limited(items: OutputItems): OutputItems {
  const text = items['text/plain']
  const kept = Object.entries(items).filter(
    ([mime, value]) => mime.startsWith('text/') || sizeOf(value) <= DISPLAY_LIMIT,
  )
  if (kept.length === Object.keys(items).length) return items
  return { ...Object.fromEntries(kept), 'text/plain': `${String(text ?? '')}\n(too big to be drawn)`.trim() }
}

const sizeOf = (value: unknown): number =>
  typeof value === 'string' ? value.length : (JSON.stringify(value)?.length ?? 0)

/** A variable in one line. Getters are not called. */
export function describeVariable(name: string, value: unknown): Variable {
  return { name, type: typeOf(value), text: preview(value), ...sized(value) }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  const named = (value as Record<symbol, unknown>)[Symbol.toStringTag]
  if (isDisplayed(value) && typeof named === 'string') return named
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return value.constructor === Array ? 'array' : value.constructor.name
  return (Object.getPrototypeOf(value) as object | null)?.constructor?.name ?? 'object'
}

function preview(value: unknown): string {
  const text =
    typeof value === 'function'
      ? `${value.toString().startsWith('class') ? 'class' : 'function'} ${value.name}`
      : inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 150 })
  const line = text.replace(/\s*\n\s*/g, ' ')
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}

function sized(value: unknown): Pick<Variable, 'size'> {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return { size: (value as { length: number }).length }
  if (value instanceof Map || value instanceof Set) return { size: value.size }
  return {}
}
