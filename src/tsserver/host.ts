import type tsModule from 'typescript'
import type { server } from 'typescript'
import { ABOVE, API, type Names } from './chain'
import { cellName, notebookPath, type Notebooks, type Text } from './notebooks'

type TypeScript = typeof tsModule

/** A project's own answers about a cell, before a tail was put behind it. */
export interface CellHost {
  /** The length of the cell as its author sees it; undefined for every other file. */
  length(file: string): number | undefined
  text(file: string): Text | undefined
  /** Names that the cell has from its tail. */
  inherited(file: string): Names
}

/** Lets a project see each cell with its tail, and resolves what the tail imports. */
export function decorateHost(ts: TypeScript, project: server.Project, notebooks: Notebooks): CellHost {
  const host = project as server.Project & tsModule.LanguageServiceHost
  const snapshotOf = host.getScriptSnapshot.bind(host)
  const versionOf = host.getScriptVersion.bind(host)
  const stateOf = host.getProjectVersion!.bind(host)
  const resolve = host.resolveModuleNameLiterals!.bind(host)
  const shown = new Map<string, { version: string; snapshot: tsModule.IScriptSnapshot }>()
  const read = (file: string): Text | undefined => {
    const snapshot = snapshotOf(file)
    return snapshot && { text: snapshot.getText(0, snapshot.getLength()), version: versionOf(file) }
  }

  host.getScriptSnapshot = (file) => {
    const snapshot = snapshotOf(file)
    if (!snapshot || !notebooks.isCell(file)) return snapshot
    const tail = notebooks.tail(file, read)
    const version = versionOf(file) + tail
    const known = shown.get(file)
    if (known?.version === version) return known.snapshot
    const whole = ts.ScriptSnapshot.fromString(snapshot.getText(0, snapshot.getLength()) + tail)
    shown.set(file, { version, snapshot: whole })
    return whole
  }
  host.getScriptVersion = (file) =>
    notebooks.isCell(file) ? versionOf(file) + notebooks.tail(file, read) : versionOf(file)
  host.getProjectVersion = () => `${stateOf()}/${notebooks.changes}`
  host.resolveModuleNameLiterals = (literals, from, redirected, options, source, reused) => {
    const containing = cellName(from)
    if (!notebooks.isCell(containing)) return resolve(literals, from, redirected, options, source, reused)
    return literals.map(({ text }) => {
      const ours = text === API ? notebooks.api : text === ABOVE ? notebooks.cellAbove(containing) : undefined
      if (ours === undefined) return ts.resolveModuleName(text, notebookPath(containing), options, project)
      const extension = text === API ? ts.Extension.Dts : ts.Extension.Ts
      return {
        resolvedModule: { resolvedFileName: ours, extension, isExternalLibraryImport: false },
      } as tsModule.ResolvedModuleWithFailedLookupLocations
    })
  }
  return {
    text: read,
    inherited: (file) => notebooks.inherited(file, read),
    length: (file) => (notebooks.isCell(file) ? snapshotOf(file)?.getLength() : undefined),
  }
}
