import { describe, expect, it } from 'vitest'
import {
  attachHead,
  backboneOf,
  createGraph,
  cutGraph,
  inferStages,
  type NetworkGraph,
} from '../../../src/engine/network'
import { RandomStream } from '../../../src/engine/random'

/** `stage1: 2` for a stage with two blocks. */
function blocks(graph: NetworkGraph): Record<string, number> {
  const out: Record<string, Set<string>> = {}
  for (const node of graph.nodes) (out[node.stage] ??= new Set()).add(node.block)
  return Object.fromEntries(Object.entries(out).map(([stage, names]) => [stage, names.size]))
}

/** The same graph with names that tell nothing. */
function anonymous(graph: NetworkGraph): NetworkGraph {
  const names = new Map(graph.nodes.map((node, i) => [node.name, `n${i}`]))
  const nodes = graph.nodes.map((node) => ({
    ...node,
    name: names.get(node.name)!,
    inputs: node.inputs.map((input) => names.get(input)!),
    stage: '',
    block: '',
  }))
  return { ...graph, nodes, output: names.get(graph.output)! }
}

describe('stages are read from the graph', () => {
  it('EfficientNet-Lite0: the seven stages of its paper with their blocks, and the last 1x1 convolution', () => {
    expect(blocks(createGraph('efficientnet_lite0'))).toEqual({
      stem: 1,
      stage1: 1,
      stage2: 2,
      stage3: 2,
      stage4: 3,
      stage5: 3,
      stage6: 4,
      stage7: 1,
      stage8: 1,
      head: 1,
    })
  })

  it.each([
    ['resnet18', [2, 2, 2, 2]],
    ['resnet34', [3, 4, 6, 3]],
    ['resnet50', [3, 4, 6, 3]],
    ['mobilenet_v2', [1, 2, 3, 4, 3, 3, 1, 1]],
    ['small_cnn', [1, 1, 1]],
  ])('%s', (name, counts) => {
    const stages = Object.fromEntries(counts.map((count, i) => [`stage${i + 1}`, count]))
    expect(blocks(createGraph(name))).toEqual({ stem: 1, ...stages, head: 1 })
  })

  it('puts torchvision layers of ResNet and MobileNetV2 where torchvision has them', () => {
    const resnet = createGraph('resnet50').nodes
    for (const node of resnet) {
      const layer = /^layer(\d)\.(\d+)/.exec(node.name)
      if (layer) expect([node.stage, node.block]).toEqual([`stage${layer[1]}`, `block ${layer[2]}`])
    }
    expect(resnet.find((node) => node.name === 'maxpool')!.stage).toBe('stem')
    const starts = [1, 2, 4, 7, 11, 14, 17, 18]
    for (const node of createGraph('mobilenet_v2').nodes) {
      const index = /^features\.(\d+)/.exec(node.name)?.[1]
      if (index === undefined) continue
      const stage = starts.filter((start) => start <= Number(index)).length
      expect(node.stage).toBe(stage === 0 ? 'stem' : `stage${stage}`)
    }
  })

  it.each(['efficientnet_lite0', 'resnet18', 'resnet50', 'mobilenet_v2', 'small_cnn'])(
    '%s: the same without names, at other sizes, cut, and with a new head',
    (name) => {
      const graph = createGraph(name)
      const shape = (g: NetworkGraph) => inferStages(g).map((stage) => [stage.name, stage.layers.length])
      expect(shape(anonymous(graph))).toEqual(shape(graph))
      expect(shape(createGraph(name, { inputSize: 64 }))).toEqual(shape(graph))
      const body = shape(backboneOf(graph))
      expect(body).toEqual(shape(graph).slice(0, -1))
      const options = { classes: 3, dropout: 0.2, std: 0.01, random: new RandomStream(1, 'head') }
      const headed = attachHead(backboneOf(graph), options).graph
      expect(shape(headed)).toEqual([...body, ['head', 3]])
      expect(shape(anonymous(headed))).toEqual(shape(headed))
      for (const stage of inferStages(graph).slice(1, -1)) {
        const cut = cutGraph(graph, stage.name)
        expect(cut.output).toBe(stage.output)
        expect(inferStages(cut).at(-1)).toEqual(stage)
      }
    },
  )

  it('refuses a cut at an unknown place with the nearest name', () => {
    expect(() => cutGraph(createGraph('resnet18'), 'stage9')).toThrow(/did you mean 'stage[1-4]'/)
    expect(() => cutGraph(createGraph('resnet18'), 'layer4.1.con1')).toThrow("did you mean 'layer4.1.conv1'?")
  })
})
