import { parseTree, type Node, type ParseError } from 'jsonc-parser'
import { UserError } from '../../spec/types'
import type { ByteSource } from './source'
import { DTYPES, type DType } from './values'

export interface Entry {
  dtype: DType
  shape: number[]
  /** Offsets in the data part. */
  from: number
  to: number
}

export interface Header {
  entries: Map<string, Entry>
  metadata: Map<string, string>
  dataStart: number
}

/** The format's own limit on a header (huggingface/safetensors). */
const MAX_HEADER = 100_000_000
/** More nesting than any header has; jsonc-parser recurses. */
const MAX_DEPTH = 8

const size = (bytes: number): string =>
  bytes >= 1e9
    ? `${(bytes / 1e9).toFixed(1)} GB`
    : bytes >= 1e6
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${bytes} bytes`

async function headerText(source: ByteSource): Promise<{ text: string; dataStart: number }> {
  const bad = (what: string): UserError =>
    new UserError(`${source.name} is not a whole safetensors file: ${what}`)
  if (source.size < 8) throw bad(`it has ${source.size} bytes, a header alone needs more`)
  const head = await source.read(0, 8)
  const claimed = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true)
  if (claimed > BigInt(MAX_HEADER))
    throw bad(`its header claims ${size(Number(claimed))}, the limit is ${size(MAX_HEADER)}`)
  const length = Number(claimed)
  if (length > source.size - 8)
    throw bad(`its header claims ${size(length)}, the file has ${size(source.size)}; it may be truncated`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await source.read(8, 8 + length))
    return { text, dataStart: 8 + length }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw bad('its header is not UTF-8 text')
  }
}

/** Depth of brackets outside strings, to refuse what would overflow a recursive parser. */
function tooDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (quoted) {
      if (char === 0x5c) i++
      else if (char === 0x22) quoted = false
    } else if (char === 0x22) quoted = true
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > MAX_DEPTH) return true
    } else if (char === 0x7d || char === 0x5d) depth--
  }
  return false
}

/** Members of a JSON object in order, duplicates included, which JSON.parse would hide. */
function members(node: Node): [string, Node][] {
  if (node.type !== 'object') return []
  return (node.children ?? []).map((property) => [
    property.children![0]!.value as string,
    property.children![1]!,
  ])
}

/**
 * Reads and checks a header: types, shapes that agree with the offsets, data that fill the file without gaps or
 * overlaps, no name twice.
 */
export async function parseHeader(source: ByteSource): Promise<Header> {
  const { text, dataStart } = await headerText(source)
  const bad = (what: string): UserError =>
    new UserError(`${source.name} is not a valid safetensors file: ${what}`)
  const errors: ParseError[] = []
  const root = tooDeep(text)
    ? undefined
    : parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  if (!root || root.type !== 'object' || errors.length > 0) throw bad('its header is not a JSON object')
  const entries = new Map<string, Entry>()
  const metadata = new Map<string, string>()
  const seen = new Set<string>()
  for (const [name, node] of members(root)) {
    if (seen.has(name)) throw bad(`the name '${name}' occurs twice`)
    if (name === '__proto__') throw bad(`'__proto__' is no tensor name`)
    seen.add(name)
    if (name === '__metadata__') {
      for (const [key, value] of members(node))
        if (typeof value.value === 'string') metadata.set(key, value.value)
    } else entries.set(name, readEntry(name, node, source.size - dataStart, bad))
  }
  checkLayout(entries, source.size - dataStart, bad)
  return { entries, metadata, dataStart }
}

function readEntry(name: string, node: Node, available: number, bad: (what: string) => UserError): Entry {
  const fields = new Map(members(node))
  const numbers = (key: string): number[] | undefined => {
    const list = fields.get(key)
    if (list?.type !== 'array') return undefined
    const values = (list.children ?? []).map((child) => child.value as unknown)
    return values.every((n) => Number.isSafeInteger(n) && (n as number) >= 0)
      ? (values as number[])
      : undefined
  }
  const dtype = fields.get('dtype')?.value as unknown
  const shape = numbers('shape')
  const offsets = numbers('data_offsets')
  if (typeof dtype !== 'string') throw bad(`tensor '${name}' has no dtype`)
  if (!Object.hasOwn(DTYPES, dtype))
    throw bad(`tensor '${name}' has the type '${dtype}', which is not read here`)
  if (!shape || shape.length > 16) throw bad(`tensor '${name}' has no shape of whole numbers`)
  if (offsets?.length !== 2) throw bad(`tensor '${name}' has no pair of data_offsets`)
  const [from, to] = offsets as [number, number]
  const bytes = shape.reduce((a, b) => a * b, 1) * DTYPES[dtype as DType]
  if (from > to || to > available) {
    throw bad(`tensor '${name}' lies at bytes ${from} to ${to} of ${available}; the file may be truncated`)
  }
  if (to - from !== bytes)
    throw bad(`tensor '${name}' of shape [${shape}] needs ${bytes} bytes but has ${to - from}`)
  return { dtype: dtype as DType, shape, from, to }
}

function checkLayout(entries: Map<string, Entry>, available: number, bad: (what: string) => UserError): void {
  let end = 0
  let last = ''
  for (const [name, { from, to }] of [...entries].sort(
    (a, b) => a[1].from - b[1].from || a[1].to - b[1].to,
  )) {
    if (from < end) throw bad(`the tensors '${last}' and '${name}' overlap`)
    if (from > end) throw bad(`${from - end} bytes before tensor '${name}' belong to nothing`)
    end = to
    last = name
  }
  if (end !== available) throw bad(`${available - end} bytes at its end belong to nothing`)
}
