import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parse } from 'jsonc-parser'
import { catalog } from '../../engine/strategies/catalog'
import { ownOptions } from '../../own/options'
import { formatProblem, parseRunFile, UserError } from '../../spec'
import type { CellGlobals, Data, DataOptions, Model, ModelOptions, Table, TuneOptions } from '../cellApi'
import { isDisplayed, isToBeShown, toBeShown, withDisplay } from '../display'
import type { TableDisplay } from '../displays'
import type { KernelContext } from '../kernel/context'
import { itemsOf } from '../kernel/values'
import { tableItems, tableOf } from '../show/table'
import { Attached } from './attach'
import { compareSessions } from './compare'
import { LoadedData } from './data'
import { LoadedNetwork } from './model'
import { NotebookSession } from './session'
import { readWritten, sourceOf, withOptions, type WrittenSpec } from './specs'

/** Implements `CellGlobals` of cellApi.ts. */
export function createGlobals(context: KernelContext): CellGlobals {
  const globals: Omit<CellGlobals, 'thaw'> = {
    openFile: (file, { name } = {}) => openFile(context, file, name),
    load: (source, options) => toBeShown(load(context, source, options)),
    images: (source, options) => toBeShown(openData(context, source, options)),
    tune: (model, data, options) => tune(context, model, data, options),
    compare: (a, b) => toBeShown(compareSessions(context, a, b)),
    attach: (run) => toBeShown(Attached.find(context, run)),
    strategies: () => strategiesTable(),
    show: (...values) => {
      for (const value of values) context.waitFor(showValue(context, value))
    },
    table: (rows, title) => asTable(tableOf(rows, title)),
  }
  return { ...globals, thaw: { ...globals, open: globals.openFile } }
}

async function showValue(context: KernelContext, value: unknown): Promise<void> {
  const settled = isToBeShown(value) ? await value : value
  const rows = Array.isArray(settled) && !isDisplayed(settled) && settled.length > 0 && settled.every(isRow)
  context.show(rows ? tableItems(tableOf(settled as Record<string, unknown>[])) : await itemsOf(settled))
}

const isRow = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Opens a run file beside the notebook. */
export async function openFile(
  context: KernelContext,
  file: string,
  name?: string,
): Promise<NotebookSession> {
  const path = resolve(context.base, file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new UserError(`The run file ${file} cannot be read; give its path from the notebook's folder.`)
  }
  const base = dirname(path)
  const { spec, problems } = parseRunFile(text, { file, strategies: catalog, own: ownOptions(base) })
  if (!spec) throw new UserError(problems.map(formatProblem).join('\n'))
  const written = parse(text, [], { allowTrailingComma: true }) as WrittenSpec
  const called = name ?? spec.name ?? basename(file).replace(/\.thaw\.json$|\.jsonc?$/, '')
  const session = new NotebookSession(context, { read: { written, spec }, base, name: called })
  await session.ready
  return session
}

async function load(
  context: KernelContext,
  source = 'efficientnet-lite0',
  options: ModelOptions = {},
): Promise<LoadedNetwork> {
  const [{ loadModel, packagedNetworks }, { mediaFolder }, { layerTable, architectures }] = await Promise.all(
    [import('../../engine/formats'), import('../../engine/media'), import('../../engine/network')],
  )
  const media = mediaFolder()
  const random = (architectures as readonly string[]).includes(source)
  const written: WrittenSpec = random
    ? { source: 'none', architecture: source, ...options }
    : { source: sourceOf(source, packagedNetworks(media)), ...options }
  // checked as in a run file, so that a wrong option is told here
  const { spec } = readWritten({ model: written }, context.base)
  const loaded = await loadModel(spec.model, { base: context.base, media })
  return new LoadedNetwork(loaded, layerTable(loaded.graph), written)
}

async function openData(
  context: KernelContext,
  source = 'noto-drawings',
  options: DataOptions = {},
): Promise<LoadedData> {
  const [{ openDataset, packagedSets }, { mediaFolder }] = await Promise.all([
    import('../../engine/data'),
    import('../../engine/media'),
  ])
  const written: WrittenSpec = { source: sourceOf(source, Object.keys(packagedSets)), ...options }
  const { spec } = readWritten({ data: written }, context.base)
  const dataset = await openDataset(spec.data, {
    base: context.base,
    media: mediaFolder(),
    cache: join(context.base, '.thaw', 'cache'),
  })
  return new LoadedData(dataset, written)
}

function tune(
  context: KernelContext,
  model: Model | string,
  data: Data | string,
  options: TuneOptions = {},
): NotebookSession {
  const network = model instanceof LoadedNetwork ? model : undefined
  if (!network && typeof model !== 'string')
    throw new UserError('tune(model, data): the first is what `load` gives, or the name of a network')
  if (!(data instanceof LoadedData) && typeof data !== 'string')
    throw new UserError('tune(model, data): the second is what `images` gives, or a folder')
  const written = withOptions(
    {
      model: network?.written ?? { source: model === 'efficientnet-lite0' ? `thaw:${model}` : model },
      data:
        data instanceof LoadedData
          ? data.written
          : { source: data === 'noto-drawings' ? `thaw:${data}` : data },
    },
    options,
  )
  return new NotebookSession(context, {
    read: readWritten(written, context.base),
    base: context.base,
    name: options.name,
    ...(network && { parts: { model: network.loaded } }),
  })
}

function strategiesTable(): Table {
  return asTable({
    v: 1,
    title: 'Strategies',
    columns: [
      { name: 'Name', kind: 'text' },
      { name: 'What it does', kind: 'text' },
      { name: 'Options', kind: 'text' },
    ],
    rows: catalog.map(({ name, summary, options }) => [name, summary, Object.keys(options.shape).join(', ')]),
  })
}

function asTable(display: TableDisplay): Table {
  const columns = display.columns.map(({ name }) => name)
  return withDisplay({ columns, rows: display.rows }, () => tableItems(display))
}
