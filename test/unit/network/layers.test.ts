import { describe, expect, it } from 'vitest'
import {
  attachHead,
  createGraph,
  cutGraph,
  layerCosts,
  layerTable,
  matchLayers,
  matchParameters,
} from '../../../src/engine/network'
import { RandomStream } from '../../../src/engine/random'

const sum = (name: string, size: number | undefined, cut?: string) => {
  const whole = createGraph(name, { inputSize: size })
  const costs = layerCosts(cut === undefined ? whole : cutGraph(whole, cut))
  return {
    multiplyAdds: costs.reduce((s, c) => s + c.multiplyAdds, 0),
    parameters: costs.reduce((s, c) => s + c.parameters, 0),
  }
}

describe('the cost counter gives published numbers', () => {
  it.each([
    ['resnet18', 224, 1.814e9, 11_689_512 + 2 * 4_800],
    ['resnet34', 224, 3.664e9, 21_797_672 + 2 * 8_512],
    ['resnet50', 224, 4.089e9, 25_557_032 + 2 * 26_560],
    ['mobilenet_v2', 224, 0.3008e9, 3_504_872 + 2 * 17_056],
  ])('%s', (name, size, multiplyAdds, parameters) => {
    const cost = sum(name, size)
    expect(Math.abs(cost.multiplyAdds / multiplyAdds - 1)).toBeLessThan(2e-3)
    // torchvision counts trainable values; running mean and variance come on top
    expect(cost.parameters).toBe(parameters)
  })

  it('the packaged network: 2.39 M values, 61 M multiply-adds at 96 px', () => {
    const cost = sum('efficientnet_lite0', 96, 'stage6')
    expect(cost.parameters).toBe(2_387_616)
    expect(Math.round(cost.multiplyAdds / 1e6)).toBe(61)
  })

  it('the small network: 240,480 kernel weights in its convolutions', () => {
    const graph = createGraph('small_cnn')
    const kernels = [...graph.parameters.values()].filter((info) => info.name.startsWith('conv'))
    expect(kernels.reduce((s, info) => s + info.shape.reduce((a, b) => a * b, 1), 0)).toBe(240_480)
  })
})

describe('layer table and patterns', () => {
  const graph = createGraph('resnet18')

  it('has a row for each layer with parameters, in graph order, buffers named but not counted', () => {
    const table = layerTable(graph)
    expect(table).toHaveLength(41)
    expect(table[1]).toEqual({
      name: 'bn1',
      stage: 'stem',
      block: '',
      kind: 'batchNorm',
      parameters: 128,
      names: ['bn1.weight', 'bn1.bias', 'bn1.running_mean', 'bn1.running_var'],
      batchNorm: true,
    })
    expect(table.reduce((s, row) => s + row.parameters, 0)).toBe(11_689_512)
  })

  it('matches stages, blocks, layers, modules of origin and parameters', () => {
    const names = (pattern: string) => matchLayers(graph, [pattern])
    expect(names('stage1')).toEqual(names('layer1'))
    expect(names('stage1/block 1')).toEqual(names('layer1.1'))
    expect(names('stage1/block 1')).toHaveLength(4)
    expect(names('conv1')).toEqual(['conv1'])
    expect(names('*bn*')).toHaveLength(17)
    expect(names('layer4.*.conv2')).toEqual(['layer4.0.conv2', 'layer4.1.conv2'])
    expect(names('fc.bias')).toEqual(['fc'])
    expect([...matchParameters(graph, ['fc.bias'])]).toEqual(['fc.bias'])
    expect(names('*')).toHaveLength(41)
    expect(matchLayers(graph, ['fc', 'conv1'])).toEqual(['conv1', 'fc'])
    const { graph: headed } = attachHead(cutGraph(graph, 'stage4'), {
      classes: 2,
      dropout: 0,
      std: 0.01,
      random: new RandomStream(1, 'head'),
    })
    expect(matchLayers(headed, ['head'])).toEqual(['head'])
  })

  it.each([
    ['stage5', "did you mean 'stage"],
    ['layer1.0.cnv1', "did you mean 'layer1.0.conv1'?"],
    ['zzzzzzzzzzzzzzzzzzzzzzzz*', 'matches no layer, stage or parameter of resnet18'],
    ['layer', 'matches no layer'],
    ['**'.repeat(5000) + 'x', 'matches no layer'],
    ['conv1*conv1', 'matches no layer'],
  ])('refuses %.20s', (pattern, message) => {
    expect(() => matchLayers(graph, [pattern])).toThrow(message)
  })

  it('refuses an unknown architecture with the nearest one', () => {
    expect(() => createGraph('resnet19')).toThrow("unknown architecture 'resnet19'; did you mean 'resnet18'?")
    expect(() => createGraph('__proto__')).toThrow('unknown architecture')
    expect(() => createGraph('resnet18', { inputSize: 0 })).toThrow('nothing is left of the input')
  })
})
