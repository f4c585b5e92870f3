import { parse, type Node, type Pattern, type Program } from 'acorn'
import MagicString from 'magic-string'
import { transform } from 'sucrase'

type At<T> = T & { start: number; end: number }
type Statement = Program['body'][number]

/**
 * A cell's TypeScript as a script: types go, `await` works at the top, and what a cell declares at the top survives
 * it, as in Node's own read-eval loop. The script's value is a promise of `{ value }`, the last expression.
 * @throws SyntaxError with line and column of the cell
 */
export function compileCell(source: string): string {
  const { code } = transform(source, {
    transforms: ['typescript'],
    disableESTransforms: true,
    keepUnusedImports: true,
  })
  const program = parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowAwaitOutsideFunction: true,
  })
  const text = new MagicString(code)
  const names = new Set<string>()
  const hoisted: string[] = []
  for (const statement of program.body) rewrite(statement, text, names, hoisted)
  const last = program.body.at(-1)
  if (last?.type === 'ExpressionStatement') {
    text.appendLeft(last.expression.start, 'return { value: (')
    text.appendRight(last.expression.end, ') }')
  }
  const declared = names.size > 0 ? `var ${[...names].join(', ')};` : ''
  // one line in front, so that lines of errors are the cell's own
  return `${declared}(async () => {${hoisted.join(' ')} ${text.toString()}\n})()`
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
  const from = `await import(${JSON.stringify(statement.source.value)})`
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
