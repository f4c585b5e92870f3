/** Names of `CellGlobals`: what a cell finds without an import. */
export const GLOBAL_NAMES = [
  'thaw',
  'openFile',
  'load',
  'images',
  'tune',
  'compare',
  'attach',
  'strategies',
  'show',
  'table',
] as const

/**
 * The text of `cellApi.ts` as a declaration file that puts the cell API into the global scope, for a language service.
 * @param source text of `src/notebook/cellApi.ts`
 */
export function ambientDeclarations(source: string): string {
  // top-level types of a script are global, and so are constants that are only declared
  const types = source.replace(/^export (interface|type) /gm, '$1 ')
  const names = GLOBAL_NAMES.map((name) => `declare const ${name}: CellGlobals['${name}']`)
  return `${types}\n${names.join('\n')}\n`
}
