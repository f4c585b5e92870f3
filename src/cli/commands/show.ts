import type { Command } from 'commander'
import { LayerReader, readStoredSpec, type RunFolder, type RunView } from '../../events'
import type { ResolvedSpec } from '../../spec'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { layerRows, showText } from '../render/show'
import { parametersText } from '../render/parameters'
import { findRun, readView } from '../../runner/find'
import { openCheckpoint } from '../trained'

interface Options extends CommonOptions {
  runs: string
  layers?: boolean
  parameters?: boolean
}

/** `thaw show RUN`: what a run was, what it did, where each stage stands. */
export function show(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'show [run]', 'show a run: settings, accuracy, alarms, what moved'))
    .option('--layers', 'a row for each layer instead of each stage')
    .option('--parameters', 'the parameters by name instead: shape, layout, what trains them')
    .action(async (reference: string | undefined, options: Options) => {
      const { terminal } = cli
      const folder = findRun(reference ?? 'last', options.runs, terminal.cwd)
      if (options.parameters) return showParameters(folder, options, cli)
      const { summarizeRun } = await import('../../runner')
      const [view, summary] = await Promise.all([readView(folder), summarizeRun(folder)])
      const layers = layerRows(view, await latest(folder, view), options.layers === true)
      const state = summary?.state ?? view.state
      if (options.json) {
        const { series: _series, layers: _layers, rows: _rows, ...rest } = view
        return printJson(terminal, {
          id: folder.id,
          folder: folder.path,
          ...rest,
          state,
          spec: readStoredSpec<ResolvedSpec>(folder).spec,
          layers,
        })
      }
      terminal.print(showText({ id: folder.id, path: folder.path, state, view, layers }, terminal))
    })
}

/** Those of the newest checkpoint, a strategy's own among them. */
async function showParameters(folder: RunFolder, { json }: Options, { terminal }: Cli): Promise<void> {
  const { readParameterList } = await import('../../engine/train')
  const { step, files } = openCheckpoint(folder)
  const parameters = readParameterList(files)
  if (json) return printJson(terminal, { id: folder.id, step, parameters })
  terminal.print(parametersText(parameters, terminal.colours))
}

/** Newest distance of each layer from its pre-trained value, and whether it has moved in its phase. */
async function latest(folder: RunFolder, view: RunView): Promise<{ distance: number[]; moved: number[] }> {
  const reader = new LayerReader(folder.layers)
  await reader.update(view)
  const last = view.rows.at(-1)
  if (!last) return { distance: [], moved: [] }
  const read = async (measure: 'distance' | 'moved') => {
    const { high, columns, layers } = await reader.window({ measure, columns: 2000 })
    return layers.map((_, i) => high[i * columns + columns - 1] ?? NaN)
  }
  return { distance: await read('distance'), moved: await read('moved') }
}
