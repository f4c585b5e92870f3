import { parse } from 'jsonc-parser'
import { compileCell } from '../../notebook/transform'

/** Names that a cell of code declares at its top; none while it cannot be read. */
export function declaredNames(code: string): string[] {
  try {
    return [...compileCell(code).names]
  } catch {
    return []
  }
}

/** JSON with comments as a value, as far as it can be read. */
export const readJsonc = (text: string): unknown => parse(text, [], { allowTrailingComma: true }) as unknown
