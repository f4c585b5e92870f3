import type tsModule from 'typescript'
import type { CellHost } from './host'

type TypeScript = typeof tsModule
type Service = tsModule.LanguageService

/**
 * What the types of a cell say wrongly: a name of a cell above may be assigned to (2588, 2632), `await` stands at the
 * top whatever the options are (1375, 1378), and Node's own names are there without `@types/node` (2580, 2591).
 */
const NOT_IN_CELLS = new Set([2588, 2632, 1375, 1378, 2580, 2591])
const isWrong = ({ code, messageText }: tsModule.Diagnostic): boolean =>
  NOT_IN_CELLS.has(code) ||
  (code === 2307 && typeof messageText === 'string' && messageText.includes("'node:"))

/**
 * Keeps the tail of a cell to ourselves: nothing that lies in it is told, and errors of types are told with those
 * of syntax, since the editor throws a notebook's errors of types away.
 */
export function decorateService(ts: TypeScript, service: Service, cells: CellHost): Service {
  const within = (file: string, start: number | undefined): boolean => {
    const length = cells.length(file)
    return length === undefined || start === undefined || start <= length
  }
  const spans = <T extends { fileName: string; textSpan: tsModule.TextSpan }>(
    found: readonly T[] | undefined,
  ): T[] | undefined => found?.filter(({ fileName, textSpan }) => within(fileName, textSpan.start))
  const changes = (found: readonly tsModule.FileTextChanges[]): tsModule.FileTextChanges[] =>
    found
      .map((one) => ({
        ...one,
        textChanges: one.textChanges.filter(({ span }) => within(one.fileName, span.start)),
      }))
      .filter(({ textChanges }) => textChanges.length > 0)
  const edits = (file: string, found: tsModule.TextChange[]) =>
    found.filter(({ span }) => within(file, span.start))

  /** `(alias) f(): void, import f` without what the tail made of it, where the tail imported the name. */
  const unaliased = (
    file: string,
    parts: readonly tsModule.SymbolDisplayPart[],
    called?: string,
  ): tsModule.SymbolDisplayPart[] => {
    const name = called ?? parts.at(-1)?.text ?? ''
    const end = parts.findLastIndex(({ text }) => text === 'import')
    const ours = parts[1]?.text === 'alias' && end > 0 && parts.at(-1)?.text === name
    if (!ours || cells.length(file) === undefined || !cells.inherited(file).has(name)) return [...parts]
    return parts
      .slice(parts[3]?.text === ' ' ? 4 : 3, end)
      .filter(({ kind }, i, all) => i < all.length - 1 || kind !== 'lineBreak')
  }

  const own: Partial<Service> = {
    getSyntacticDiagnostics(file) {
      const cell = cells.length(file) === undefined ? undefined : cells.text(file)
      if (!cell) return service.getSyntacticDiagnostics(file)
      const source = service.getProgram()?.getSourceFile(file)
      const typed = service
        .getSemanticDiagnostics(file)
        .filter((one) => within(file, one.start) && !isWrong(one))
      return [...syntaxErrors(ts, file, cell.text, source), ...(typed as tsModule.DiagnosticWithLocation[])]
    },
    getSemanticDiagnostics: (file) =>
      cells.length(file) === undefined ? service.getSemanticDiagnostics(file) : [],
    getSuggestionDiagnostics: (file) =>
      service.getSuggestionDiagnostics(file).filter((one) => within(file, one.start)),
    getCompletionsAtPosition(file, ...rest) {
      const found = service.getCompletionsAtPosition(file, ...rest)
      if (!found || cells.length(file) === undefined) return found
      // what another cell has is there by its name already, or stands below
      const elsewhere = (data: tsModule.CompletionEntryData | undefined) =>
        data?.fileName !== undefined && cells.length(data.fileName) !== undefined
      const inherited = cells.inherited(file)
      const entries = found.entries
        .filter(({ data }) => !elsewhere(data))
        .map((one) => ({
          ...one,
          kind: one.kind === 'alias' ? ((inherited.get(one.name) as typeof one.kind) ?? one.kind) : one.kind,
        }))
      return { ...found, entries }
    },
    getCompletionEntryDetails(file, ...rest) {
      const found = service.getCompletionEntryDetails(file, ...rest)
      return found && { ...found, displayParts: unaliased(file, found.displayParts, found.name) }
    },
    getQuickInfoAtPosition(file, ...rest) {
      const found = service.getQuickInfoAtPosition(file, ...rest)
      return found && { ...found, displayParts: unaliased(file, found.displayParts ?? []) }
    },
    getReferencesAtPosition: (...args) => spans(service.getReferencesAtPosition(...args)),
    findReferences: (...args) =>
      service.findReferences(...args)?.map((one) => ({ ...one, references: spans(one.references)! })),
    findRenameLocations: ((...args: Parameters<Service['findRenameLocations']>) =>
      spans(service.findRenameLocations(...args))) as Service['findRenameLocations'],
    getDocumentHighlights: (...args) =>
      service.getDocumentHighlights(...args)?.map((one) => ({
        ...one,
        highlightSpans: one.highlightSpans.filter(({ textSpan }) => within(one.fileName, textSpan.start)),
      })),
    getImplementationAtPosition: (...args) => spans(service.getImplementationAtPosition(...args)),
    getOutliningSpans: (file) =>
      service.getOutliningSpans(file).filter(({ textSpan }) => within(file, textSpan.start)),
    getNavigationTree(file) {
      const tree = service.getNavigationTree(file)
      return {
        ...tree,
        childItems: tree.childItems?.filter(({ spans: [span] }) => within(file, span?.start)),
      }
    },
    getCodeFixesAtPosition: (...args) =>
      service.getCodeFixesAtPosition(...args).map((one) => ({ ...one, changes: changes(one.changes) })),
    getCombinedCodeFix(...args) {
      const fix = service.getCombinedCodeFix(...args)
      return { ...fix, changes: changes(fix.changes) }
    },
    organizeImports: (...args) => changes(service.organizeImports(...args)),
    getFormattingEditsForDocument: (file, options) =>
      edits(file, service.getFormattingEditsForDocument(file, options)),
    getFormattingEditsForRange: (file, ...rest) =>
      edits(file, service.getFormattingEditsForRange(file, ...rest)),
    getFormattingEditsAfterKeystroke: (file, ...rest) =>
      edits(file, service.getFormattingEditsAfterKeystroke(file, ...rest)),
  }
  return new Proxy(service, {
    get: (target, name) => Reflect.get(name in own ? own : target, name) as unknown,
  })
}

/** Errors of the cell's own text: with its tail an open bracket would be closed. */
function syntaxErrors(
  ts: TypeScript,
  file: string,
  text: string,
  source: tsModule.SourceFile | undefined,
): tsModule.DiagnosticWithLocation[] {
  const alone = ts.createSourceFile(
    file,
    `${text}\nexport {}`,
    ts.ScriptTarget.Latest,
    false,
    ts.ScriptKind.TS,
  )
  const { parseDiagnostics } = alone as tsModule.SourceFile & {
    parseDiagnostics: tsModule.DiagnosticWithLocation[]
  }
  return parseDiagnostics.map((one) => ({
    ...one,
    file: source ?? one.file,
    start: Math.min(one.start, text.length),
    length: Math.min(one.length, text.length - Math.min(one.start, text.length)),
  }))
}
