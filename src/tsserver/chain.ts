import type tsModule from 'typescript'

type TypeScript = typeof tsModule

/** Modules that only cells know: the cells above one as one module, and the cell API. */
export const ABOVE = 'thaw-notebook:above'
export const API = 'thaw-notebook:api'

/** Names with what they are, in TypeScript's own words for the icons of completion: `const`, `function`, `class`. */
export type Names = ReadonlyMap<string, string>

/** What a cell says on its own: the names that it declares at its top, and what its text leaves open. */
export interface CellText {
  names: Names
  closers: string
}

/**
 * A cell becomes a module by a tail behind its text, so that no position in it moves: the names of the cells above
 * that it does not declare itself are imported from the cell above, and all are exported to the cell below.
 */
export function tailOf(cell: CellText, above: Names, api: Names): string {
  const inherited = [...above.keys()].filter((name) => !cell.names.has(name))
  const fromApi = [...api.keys()].filter((name) => !cell.names.has(name) && !above.has(name))
  const importing = (names: readonly string[], from: string) =>
    names.length > 0 ? `;import { ${names.join(', ')} } from '${from}'` : ''
  const exported = [...cell.names.keys(), ...inherited]
  return `\n${cell.closers}${importing(inherited, ABOVE)}${importing(fromApi, API)};export { ${exported.join(', ')} };`
}

/** Names that the next cell sees: those of the cells above and this one's own. */
export const namesBelow = (cell: CellText, above: Names): Names => new Map([...above, ...cell.names])

export function readCell(ts: TypeScript, text: string): CellText {
  const file = ts.createSourceFile('cell.ts', text, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS)
  const names = new Map(file.statements.flatMap((statement) => declaredBy(ts, statement)))
  return { names, closers: closersOf(ts, text) }
}

/** Names that a module's text exports by declarations, for the cell API. */
export function exportsOf(ts: TypeScript, text: string): Names {
  const file = ts.createSourceFile('api.d.ts', text, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS)
  const exported = file.statements.filter(
    (statement) =>
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword),
  )
  return new Map(exported.flatMap((statement) => declaredBy(ts, statement)))
}

function declaredBy(ts: TypeScript, statement: tsModule.Statement): [name: string, kind: string][] {
  if (ts.isVariableStatement(statement)) {
    const { flags, declarations } = statement.declarationList
    const kind = flags & ts.NodeFlags.Const ? 'const' : flags & ts.NodeFlags.Let ? 'let' : 'var'
    return declarations.flatMap(({ name }) => boundNames(ts, name)).map((name) => [name, kind])
  }
  if (ts.isImportDeclaration(statement)) {
    const clause = statement.importClause
    const bindings = clause?.namedBindings
    const names = [
      clause?.name,
      ...(bindings && ts.isNamespaceImport(bindings) ? [bindings.name] : []),
      ...(bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name) : []),
    ]
    return names.flatMap((name) => (name?.text ? [[name.text, 'alias']] : []))
  }
  const kind = ts.isFunctionDeclaration(statement)
    ? 'function'
    : ts.isClassDeclaration(statement)
      ? 'class'
      : ts.isInterfaceDeclaration(statement)
        ? 'interface'
        : ts.isTypeAliasDeclaration(statement)
          ? 'type'
          : ts.isEnumDeclaration(statement)
            ? 'enum'
            : undefined
  // while a name is typed it is missing, and its text is empty
  const name = kind && (statement as tsModule.DeclarationStatement).name?.text
  return name ? [[name, kind]] : []
}

function boundNames(ts: TypeScript, name: tsModule.BindingName): string[] {
  if (ts.isIdentifier(name)) return name.text ? [name.text] : []
  return name.elements.flatMap((one) => (ts.isOmittedExpression(one) ? [] : boundNames(ts, one.name)))
}

/** What closes the brackets, templates and comments that a text leaves open, while someone types in it. */
export function closersOf(ts: TypeScript, text: string): string {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text)
  const open: string[] = []
  let before = ts.SyntaxKind.Unknown
  for (let token = scanner.scan(); ; token = scanner.scan()) {
    const kind = ts.SyntaxKind
    // a slash after a value divides; elsewhere it begins a regular expression
    if ((token === kind.SlashToken || token === kind.SlashEqualsToken) && !endsValue(ts, before))
      token = scanner.reScanSlashToken()
    if (token === kind.CloseBraceToken && open.at(-1) === '}`') {
      token = scanner.reScanTemplateToken(false)
      if (token !== kind.TemplateMiddle) open.pop()
    } else if (token === kind.OpenBraceToken) open.push('}')
    else if (token === kind.OpenParenToken) open.push(')')
    else if (token === kind.OpenBracketToken) open.push(']')
    else if (token === kind.TemplateHead) open.push('}`')
    else if (
      (token === kind.CloseBraceToken && open.at(-1) === '}') ||
      (token === kind.CloseParenToken && open.at(-1) === ')') ||
      (token === kind.CloseBracketToken && open.at(-1) === ']')
    )
      open.pop()
    if (scanner.isUnterminated()) {
      // only templates and comments go on over the end of a line
      if (token === kind.NoSubstitutionTemplateLiteral || token === kind.TemplateTail) open.push('`')
      else if (token === kind.MultiLineCommentTrivia) open.push('*/')
    }
    if (token === kind.EndOfFileToken) break
    if (token > kind.LastTriviaToken) before = token
  }
  return open.reverse().join('')
}

function endsValue(ts: TypeScript, token: tsModule.SyntaxKind): boolean {
  const kind = ts.SyntaxKind
  return (
    token === kind.Identifier ||
    token === kind.CloseParenToken ||
    token === kind.CloseBracketToken ||
    token === kind.CloseBraceToken ||
    token === kind.ThisKeyword ||
    (token >= kind.FirstLiteralToken && token <= kind.LastLiteralToken) ||
    token === kind.TemplateTail
  )
}
