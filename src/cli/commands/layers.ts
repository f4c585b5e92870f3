import type { Command } from 'commander'
import { addCommand, printJson, withSettings, type Cli, type CommonOptions } from '../command'
import { count } from '../render/numbers'
import { requireSpec } from '../runFile'

/** `thaw layers FILE`: what the patterns of a run file can name in its network. */
export function layers(program: Command, cli: Cli): void {
  withSettings(
    addCommand(program, 'layers <file>', "list a run file's network: stages, blocks, layers, parameters"),
  ).action(async (file: string, options: CommonOptions & { set: string[] }) => {
    const { terminal } = cli
    const { spec, base } = requireSpec(file, terminal.cwd, options.set)
    const [
      { loadModel },
      { mediaFolder },
      { attachHead, inputShapeOf, layerCosts, layerTable },
      { RandomStream },
    ] = await Promise.all([
      import('../../engine/formats'),
      import('../../engine/media'),
      import('../../engine/network'),
      import('../../engine/random'),
    ])
    const model = await loadModel(spec.model, { base, media: mediaFolder() })
    const { graph } = attachHead(model.graph, {
      classes: 2,
      dropout: spec.model.dropout,
      std: spec.model.headStd,
      random: new RandomStream(0, 'head'),
    })
    const costs = new Map(
      layerCosts(graph, inputShapeOf(graph, spec.model.inputSize)).map((cost) => [cost.layer, cost]),
    )
    const rows = layerTable(graph).map(({ name, stage, block, kind, parameters, names }) => ({
      ...{ name, stage, block, kind, parameters, names },
      multiplyAdds: costs.get(name)?.multiplyAdds ?? 0,
    }))
    const nodes = graph.nodes.map(({ name, op, inputs, stage }) => ({ name, kind: op.kind, inputs, stage }))
    if (options.json)
      return printJson(terminal, {
        architecture: graph.architecture,
        source: model.source,
        layers: rows,
        nodes,
      })
    let stage = ''
    for (const row of rows) {
      if (row.stage !== stage) terminal.print((stage = row.stage))
      const block = row.block ? `${row.block}  ` : ''
      terminal.print(`  ${block}${row.name}  ${row.kind}, ${count(row.parameters, 'weight')}`)
    }
  })
}
