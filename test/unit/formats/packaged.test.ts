import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadModel, packagedNetwork, packagedNetworks } from '../../../src/engine/formats'
import { mediaFolder } from '../../../src/engine/media'
import { inferStages } from '../../../src/engine/network'

const media = mediaFolder()
const options = { base: '.', media }

describe('the packaged network', () => {
  it('loads as EfficientNet-Lite0 cut after stage 6 at 96 px, with every value in place', async () => {
    const { graph, values, source } = await loadModel({ source: 'thaw:efficientnet-lite0' }, options)
    expect(source).toBe('thaw:efficientnet-lite0')
    expect(graph.architecture).toBe('efficientnet_lite0')
    expect(graph.inputShape).toEqual([96, 96, 3])
    expect(inferStages(graph).map((stage) => stage.name)).toEqual([
      'stem',
      'stage1',
      'stage2',
      'stage3',
      'stage4',
      'stage5',
      'stage6',
    ])
    expect(graph.output).toBe('_blocks.14.add')
    expect([...values.keys()].sort()).toEqual([...graph.parameters.keys()].sort())
    const count = [...values.values()].reduce((sum, { data }) => sum + data.length, 0)
    expect(count).toBe(2_387_616)
  })

  it('can be cut lower and run at another size', async () => {
    const spec = { source: 'thaw:efficientnet-lite0', cut: 'stage3', inputSize: 64 }
    const { graph, values } = await loadModel(spec, options)
    expect(graph.inputShape).toEqual([64, 64, 3])
    expect([...values.keys()].some((name) => name.startsWith('_blocks.5.'))).toBe(false)
    expect(values.has('_blocks.4._bn2.weight')).toBe(true)
  })

  it('is the file that its description names', async () => {
    const network = await packagedNetwork(media, 'efficientnet-lite0')
    const digest = createHash('sha256').update(readFileSync(network.path)).digest('hex')
    expect(digest).toBe(network.sha256)
    expect(readFileSync(join(media, 'packaged/network/NOTICE.txt'), 'utf8')).toMatch(/Apache License 2\.0/)
  })

  it('is listed, and another name is refused with the nearest', async () => {
    expect(packagedNetworks(media)).toContain('efficientnet-lite0')
    const wrong = loadModel({ source: 'thaw:efficientnet-light0' }, options)
    await expect(wrong).rejects.toThrow(
      "there is no packaged network 'thaw:efficientnet-light0'; did you mean 'efficientnet-lite0'?",
    )
    const other = loadModel({ source: 'thaw:efficientnet-lite0', architecture: 'resnet18' }, options)
    await expect(other).rejects.toThrow('is of the architecture efficientnet_lite0, not resnet18')
    const beyond = loadModel({ source: 'thaw:efficientnet-lite0', cut: 'stage7' }, options)
    await expect(beyond).rejects.toThrow("no stage or layer 'stage7'")
    await expect(loadModel({ source: 'thaw:../../x' }, options)).rejects.toThrow('no packaged network')
  })

  it('a network from scratch has a graph and no values', async () => {
    const { graph, values } = await loadModel({ source: 'none', architecture: 'small_cnn' }, options)
    expect(graph.output).toBe('pool4')
    expect(values.size).toBe(0)
    await expect(loadModel({ source: 'none' }, options)).rejects.toThrow('needs model.architecture')
  })
})
