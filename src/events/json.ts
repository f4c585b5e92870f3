/**
 * JSON that keeps non-finite numbers, which JSON itself has none of (`JSON.stringify(NaN)` is `null`).
 *
 * The rule, the same for every field and without a schema: the numbers NaN, Infinity and -Infinity are written as
 * the strings `"NaN"`, `"Infinity"`, `"-Infinity"`. A true string that reads like one of these, with any number of
 * backslashes before it, is written with one more backslash and read with one less. So a class that is called
 * "NaN" stays a class, and `decodeJson(encodeJson(x))` equals `x` for all plain data (-0 becomes 0, undefined
 * fields vanish, typed arrays become arrays).
 */
const SPECIAL = /^\\*(?:NaN|-?Infinity)$/
const MAYBE_SPECIAL = /(?:NaN|Infinity)"/

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'string') return SPECIAL.test(value) ? `\\${value}` : value
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    return Array.from(value as unknown as Iterable<number | bigint>, Number)
  }
  return value
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !SPECIAL.test(value)) return value
  return value.startsWith('\\') ? value.slice(1) : Number(value)
}

/** One line of JSON, without the newline. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, replace)
}

/** Throws SyntaxError like `JSON.parse`. */
export function decodeJson(text: string): unknown {
  return MAYBE_SPECIAL.test(text) ? JSON.parse(text, revive) : JSON.parse(text)
}
