import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser'
import type { Place, Problem } from './types'

/** Larger files are refused before they are parsed: a run file is written by hand. */
export const MAX_RUN_FILE_BYTES = 1_000_000
/** Deeper nesting is refused: the parser is recursive, and no field lies deeper than this. */
const MAX_DEPTH = 32

/** Keys that would reach an object's prototype; they are never copied into a value. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export type Path = readonly (string | number)[]

/** A parsed text: its tree with offsets, or the one problem that kept it from being parsed. */
export interface Source {
  file: string
  text: string
  root?: Node
  problem?: Problem
}

/** Parses JSON with comments and trailing commas. Never throws; the first fault alone is told, the rest follow from it. */
export function parseSource(input: string, file: string): Source {
  const text = input.charCodeAt(0) === 0xfeff ? input.slice(1) : input
  const fail = (offset: number, message: string, hint: string): Source => ({
    file,
    text,
    problem: { severity: 'error', path: '', message, hint, place: placeAt(text, offset, file) },
  })
  if (text.length > MAX_RUN_FILE_BYTES) {
    return fail(
      0,
      `the file has ${text.length} characters, a run file at most ${MAX_RUN_FILE_BYTES}`,
      'give the path of a run file',
    )
  }
  const deep = offsetTooDeep(text)
  if (deep !== undefined)
    return fail(
      deep,
      `nested more than ${MAX_DEPTH} deep`,
      'no field lies so deep; remove the extra brackets',
    )
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const first = errors[0]
  if (isBlank(text))
    return fail(0, 'the file is empty', 'write at least `{}`; `thaw init` writes a commented run file')
  const unclosed = first && printParseErrorCode(first.error).startsWith('Close')
  if (root && first && !unclosed && first.offset >= root.offset + root.length) {
    return fail(first.offset, 'the file goes on after its end', 'remove what follows the closing brace')
  }
  if (first || !root) {
    const at = first?.offset ?? 0
    const seen = first && first.length > 0 ? ` at \`${clip(text.slice(at, at + first.length))}\`` : ''
    return fail(
      at,
      `this is not JSON${seen}: ${wordsOf(first)}`,
      'comments and trailing commas are allowed, all else is plain JSON',
    )
  }
  return { file, text, root }
}

/** 1-based line and column (UTF-16 units) of an offset; always inside the text or right after its end. */
export function placeAt(text: string, offset: number, file: string): Place {
  const end = Math.max(0, Math.min(offset, text.length))
  let line = 1
  let start = 0
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i)
    const lone = code === 13 && text.charCodeAt(i + 1) !== 10
    if (code === 10 || lone) {
      line += 1
      start = i + 1
    }
  }
  return { file, line, column: end - start + 1 }
}

/**
 * The node a path leads to, or the deepest one on the way that exists.
 * Of two equal keys the last counts, as in JSON.parse.
 */
export function nodeAt(root: Node, path: Path): { node: Node; found: boolean } {
  let node = root
  for (const segment of path) {
    const next = childOf(node, segment)
    if (!next) return { node, found: false }
    node = next
  }
  return { node, found: true }
}

/** The property node (key and value) of a key, the last one when the key is there twice. */
export function propertyOf(node: Node, key: string): Node | undefined {
  if (node.type !== 'object') return undefined
  return node.children?.findLast((property) => property.children?.[0]?.value === key)
}

function childOf(node: Node, segment: string | number): Node | undefined {
  if (node.type === 'array' && typeof segment === 'number') return node.children?.[segment]
  return typeof segment === 'string' ? propertyOf(node, segment)?.children?.[1] : undefined
}

function offsetTooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true)
  let depth = 0
  // The kinds are const enums of jsonc-parser, not importable with isolatedModules: 1 {, 2 }, 3 [, 4 ], 17 end.
  for (let kind: number = scanner.scan(); kind !== 17; kind = scanner.scan()) {
    if (kind === 1 || kind === 3) depth += 1
    if (kind === 2 || kind === 4) depth -= 1
    if (depth > MAX_DEPTH) return scanner.getTokenOffset()
  }
  return undefined
}

function isBlank(text: string): boolean {
  const kind: number = createScanner(text, true).scan()
  return kind === 17
}

function wordsOf(error: ParseError | undefined): string {
  const name = error ? printParseErrorCode(error.error) : 'ValueExpected'
  return WORDS[name] ?? 'a value is expected here'
}

const WORDS: Record<string, string> = {
  InvalidSymbol: 'a word without quotes',
  InvalidNumberFormat: 'a number is malformed',
  PropertyNameExpected: 'a field name in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is expected here',
  CommaExpected: 'a comma is expected before this',
  CloseBraceExpected: 'a `{` is never closed by `}`',
  CloseBracketExpected: 'a `[` is never closed by `]`',
  UnexpectedEndOfComment: 'a comment is never closed',
  UnexpectedEndOfString: 'a text is never closed by `"`',
  UnexpectedEndOfNumber: 'a number is cut off',
  InvalidUnicode: 'a `\\u` escape is malformed',
  InvalidEscapeCharacter: 'a text holds an unknown `\\` escape',
  InvalidCharacter: 'a text holds a control character',
}

function clip(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 40 ? `${line.slice(0, 40)}…` : line
}
