import { SourceMap } from 'node:module'
import { parse, type Node, type Pattern, type Program } from 'acorn'
import MagicString from 'magic-string'
import { transform } from 'sucrase'

type At<T> = T & { start: number; end: number }
type Statement = Program['body'][number]

/** Global by which a cell's code reaches its kernel: `import(name)` and `show(value)`. */
export const KERNEL_GLOBAL = '$thaw'

export interface CompiledCell {
  code: string
  /** Names that it declares at its top. */
  names: string[]
  /** From a place in `code` to the cell's own; lines and columns count from 1. */
  place(line: number, column: number): { line: number; column: number } | undefined
}

/**
 * A cell's TypeScript as a script: types go, `await` works at the top, and what a cell declares at the top survives
 * it, as in Node's own read-eval loop. The script's value is a promise of `{ value }`, the last expression; expressions
 * before it are offered to `show`.
 * @throws SyntaxError with line and column of the cell in front
 */
export function compileCell(source: string): CompiledCell {
  const { code, sourceMap } = placed(() =>
    transform(source, {
      transforms: ['typescript'],
      disableESTransforms: true,
      keepUnusedImports: true,
      filePath: 'cell',
      sourceMapOptions: { compiledFilename: 'cell' },
    }),
  )
  const program = placed(() =>
    parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: true }),
  )
  const text = new MagicString(code)
  const names = new Set<string>()
  const hoisted: string[] = []
  const last = program.body.at(-1)
  for (const statement of program.body) {
    rewrite(statement, text, names, hoisted)
    if (statement.type !== 'ExpressionStatement' || statement.directive !== undefined) continue
    const { start, end } = statement.expression
    if (statement === last) {
      text.appendLeft(start, 'return { value: (')
      text.appendRight(end, ') }')
    } else if (offered(statement.expression)) {
      text.appendLeft(start, `;await ${KERNEL_GLOBAL}.show(`)
      text.appendRight(end, ')')
    }
  }
  const declared = names.size > 0 ? `var ${[...names].join(', ')};` : ''
  // one line in front, so that lines of errors are the cell's own
  text.prepend(`${declared}(async () => {${hoisted.join(' ')} `).append('\n})()')
  let maps: SourceMap[] | undefined
  return {
    code: text.toString(),
    names: [...names],
    place(line, column) {
      maps ??= [text.generateMap({ hires: true, source: 'cell' }), sourceMap!].map(
        (map) => new SourceMap(JSON.parse(JSON.stringify(map)) as ConstructorParameters<typeof SourceMap>[0]),
      )
      let at = { line: line - 1, column: column - 1 }
      for (const map of maps) {
        const entry = map.findEntry(at.line, at.column)
        if (!('originalLine' in entry) || entry.originalLine === undefined) return undefined
        at = { line: entry.originalLine, column: entry.originalColumn }
      }
      return { line: at.line + 1, column: at.column + 1 }
    },
  }
}

/** Calls and names may show something; what else stands as a statement is done for its effect. */
function offered({ type }: Node): boolean {
  return ['CallExpression', 'Identifier', 'MemberExpression', 'AwaitExpression'].includes(type)
}

/** Errors of both parsers in one form, `line:column: what`. */
function placed<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number; column: number } }
    const what = message.replace(/^Error transforming \S+ /, '').replace(/ \(\d+:\d+\)$/, '')
    const base = 'pos' in (error as object) && !message.startsWith('Error transforming') ? 1 : 0
    const failed = new SyntaxError(what) as SyntaxError & { at?: { line: number; column: number } }
    if (loc) failed.at = { line: loc.line, column: loc.column + base }
    throw failed
  }
}

function rewrite(statement: Statement, text: MagicString, names: Set<string>, hoisted: string[]): void {
  switch (statement.type) {
    case 'VariableDeclaration': {
      const parts = statement.declarations.map(({ id, init }) => {
        for (const name of boundNames(id)) names.add(name)
        const target = text.slice(id.start, id.end)
        return init ? `(${target} = ${text.slice(init.start, init.end)})` : `(${target} = undefined)`
      })
      text.overwrite(statement.start, statement.end, `;${parts.join(', ')};`)
      return
    }
    case 'FunctionDeclaration':
      names.add(statement.id.name)
      // it stays where it is, so that it can be called above its declaration too
      hoisted.push(`globalThis.${statement.id.name} = ${statement.id.name};`)
      return
    case 'ClassDeclaration':
      names.add(statement.id.name)
      text.appendLeft(statement.start, `;${statement.id.name} = `)
      text.appendRight(statement.end, ';')
      return
    case 'ImportDeclaration':
      return rewriteImport(statement as At<typeof statement>, text, names)
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration':
    case 'ExportAllDeclaration':
      throw new SyntaxError('A cell exports nothing: what it declares is there for the other cells anyway.')
  }
}

/** `import a, { b as c } from 'm'` becomes `({ default: a, b: c } = await import('m'))`. */
function rewriteImport(
  statement: Extract<Statement, { type: 'ImportDeclaration' }>,
  text: MagicString,
  names: Set<string>,
): void {
  const from = `await ${KERNEL_GLOBAL}.import(${JSON.stringify(statement.source.value)})`
  const parts: string[] = []
  let whole = ''
  for (const specifier of statement.specifiers) {
    const local = specifier.local.name
    names.add(local)
    if (specifier.type === 'ImportNamespaceSpecifier') whole = `${local} = `
    else if (specifier.type === 'ImportDefaultSpecifier') parts.push(`default: ${local}`)
    else parts.push(`${'name' in specifier.imported ? specifier.imported.name : ''}: ${local}`)
  }
  const code = parts.length > 0 ? `;({ ${parts.join(', ')} } = ${whole}${from});` : `;${whole}${from};`
  text.overwrite(statement.start, statement.end, code)
}

function boundNames(pattern: Pattern | Node): string[] {
  const node = pattern as Pattern
  switch (node.type) {
    case 'Identifier':
      return [node.name]
    case 'ObjectPattern':
      return node.properties.flatMap((one) =>
        boundNames(one.type === 'RestElement' ? one.argument : one.value),
      )
    case 'ArrayPattern':
      return node.elements.flatMap((one) => (one ? boundNames(one) : []))
    case 'RestElement':
      return boundNames(node.argument)
    case 'AssignmentPattern':
      return boundNames(node.left)
    default:
      return []
  }
}
