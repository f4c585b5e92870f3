import { UserError } from '../../spec/types'
import type { Rgb } from './types'

const named: Readonly<Record<string, Rgb>> = { white: [255, 255, 255], black: [0, 0, 0] }

/** `white`, `black` or `#rrggbb`; `where` is the field's path in the run file, for the message. */
export function parseColour(text: string, where: string): Rgb {
  const name = text.toLowerCase()
  if (Object.hasOwn(named, name)) return named[name]!
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(name)
  if (hex) return [parseInt(hex[1]!, 16), parseInt(hex[2]!, 16), parseInt(hex[3]!, 16)]
  const message = `${JSON.stringify(text)} is not a colour`
  const hint = 'write "white", "black" or "#rrggbb"'
  throw new UserError(`${where}: ${message}; ${hint}`, undefined, [
    { severity: 'error', path: where, message, hint },
  ])
}
