import { applyEdits, modify } from 'jsonc-parser'
import { readPath } from './path'
import { nodeAt, parseSource } from './source'
import { UserError } from './types'

const FORMATTING = { formattingOptions: { insertSpaces: true, tabSize: 2, eol: '\n' } }

/**
 * Writes `--set` settings such as `train.seed=3` into the text of a run file, comments kept.
 * A value is JSON, or else a text. A text that is no JSON is returned as it is: parsing it tells why.
 * @throws UserError when a setting has no `=`, no field name, or leads into something that is no object.
 */
export function applySettings(text: string, settings: readonly string[]): string {
  let current = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  for (const setting of settings) {
    const { path, value } = readSetting(setting)
    const { root } = parseSource(current, '')
    if (!root) return current
    const strategy = nodeAt(root, ['strategy'])
    if (path[0] === 'strategy' && path.length > 1 && strategy.found && strategy.node.type === 'string') {
      current = edit(current, ['strategy'], { name: strategy.node.value as string }, setting)
    }
    current = edit(current, path, value, setting)
  }
  return current
}

/** Splits `train.seed=3` into its path and value. */
export function readSetting(setting: string): { path: (string | number)[]; value: unknown } {
  const equals = setting.indexOf('=')
  const path = equals > 0 ? readPath(setting.slice(0, equals).trim()) : undefined
  if (!path)
    throw new UserError(`--set ${setting}: not a setting; write FIELD=VALUE, for example train.seed=3`)
  const written = setting.slice(equals + 1)
  try {
    return { path, value: JSON.parse(written) as unknown }
  } catch {
    return { path, value: written }
  }
}

/** Changes to the text of a run file that set one field, comments and layout kept. */
export function editsFor(text: string, path: (string | number)[], value: unknown) {
  return modify(text, path, value, FORMATTING)
}

/** Whether the text of a run file writes the field of a dotted path. */
export function writesField(text: string, dotted: string): boolean {
  const path = readPath(dotted)
  const { root } = parseSource(text, '')
  return path !== undefined && root !== undefined && nodeAt(root, path).found
}

/** Changes that remove the field of a dotted path; undefined when there is none. */
export function removalOf(text: string, dotted: string) {
  const path = readPath(dotted)
  const { root } = parseSource(text, '')
  return path && root && nodeAt(root, path).found ? modify(text, path, undefined, FORMATTING) : undefined
}

function edit(text: string, path: (string | number)[], value: unknown, setting: string): string {
  try {
    return applyEdits(text, modify(text, path, value, FORMATTING))
  } catch {
    throw new UserError(
      `--set ${setting}: the field before the last \`.\` holds no object; write a path to one field, for example train.seed=3`,
    )
  }
}
