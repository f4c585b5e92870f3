import type { Command } from 'commander'
import { LayerReader, readStoredSpec, type RunFolder, type RunView } from '../../events'
import type { ResolvedSpec } from '../../spec'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { layerRows, showText } from '../render/show'
import { findRun, readView } from '../runs'

/** `thaw show RUN`: what a run was, what it did, where each stage stands. */
export function show(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'show [run]', 'show a run: settings, accuracy, alarms, what moved'))
    .option('--layers', 'a row for each layer instead of each stage')
    .action(
      async (reference: string | undefined, options: CommonOptions & { runs: string; layers?: boolean }) => {
        const { terminal } = cli
        const folder = findRun(reference ?? 'last', options.runs, terminal.cwd)
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
      },
    )
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
