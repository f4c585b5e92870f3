// The cell API as a module of declarations, for completion and hover in cells: `src/tsserver` imports its names into
// each cell. Members of CellGlobals become functions and constants of their own, so that their documentation shows.
import ts from 'typescript'

/** @param {string} source text of `src/notebook/cellApi.ts` */
export function cellApiModule(source) {
  const file = ts.createSourceFile('cellApi.ts', source, ts.ScriptTarget.Latest, true)
  const globals = file.statements.find(
    (one) => ts.isInterfaceDeclaration(one) && one.name.text === 'CellGlobals',
  )
  const declared = globals.members.map((member) => {
    const text = member.getText(file)
    const documentation = member.getFullText(file).slice(0, -text.length).trim().replaceAll('\n  ', '\n')
    return `${documentation}\nexport declare ${ts.isMethodSignature(member) ? 'function' : 'const'} ${text}`
  })
  return `${source}\n${declared.join('\n\n')}\n`
}
