import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadModel, writeSafetensors, type TensorToWrite } from '../../../src/engine/formats'
import { originShape, permute } from '../../../src/engine/formats/layout'
import { recognise } from '../../../src/engine/formats/recognise'
import type { Entry } from '../../../src/engine/formats/safetensorsHeader'
import { createGraph, cutGraph, type NetworkGraph } from '../../../src/engine/network'

const folder = mkdtempSync(join(tmpdir(), 'thaw-match-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The tensors of a graph in the layout of a PyTorch file, all ones. */
function tensorsOf(graph: NetworkGraph): Map<string, TensorToWrite> {
  return new Map(
    [...graph.parameters.values()].map((info) => {
      const shape = originShape(info)
      return [info.name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) }]
    }),
  )
}

/** The same without data. */
const entriesOf = (graph: NetworkGraph): Map<string, Entry> =>
  new Map(
    [...graph.parameters.values()].map((info) => [
      info.name,
      { dtype: 'F32', shape: originShape(info), from: 0, to: 0 },
    ]),
  )

function load(
  tensors: ReadonlyMap<string, TensorToWrite>,
  spec: { architecture?: string; cut?: string } = {},
  keepHead = true,
) {
  writeFileSync(join(folder, 'net.safetensors'), writeSafetensors(tensors))
  return loadModel({ source: 'net.safetensors', ...spec }, { base: folder, media: folder, keepHead })
}

const small = () => tensorsOf(createGraph('small_cnn'))

describe('a safetensors file and its architecture', () => {
  it.each(['resnet18', 'resnet34', 'resnet50', 'mobilenet_v2', 'efficientnet_lite0', 'small_cnn'])(
    'recognises %s by names and shapes, whole with any classifier or cut after a stage',
    (name) => {
      const whole = createGraph(name, { classes: 7 })
      expect(recognise(entriesOf(whole), 'x')).toEqual({ architecture: name, classes: 7 })
      const cut = cutGraph(whole, 'stage3')
      expect(recognise(entriesOf(cut), 'x')).toEqual({ architecture: name, cut: 'stage3' })
    },
  )

  it('leaves the classifier out unless told', async () => {
    const { graph, values } = await load(small(), {}, false)
    expect(graph.output).toBe('pool4')
    expect(values.has('fc.weight')).toBe(false)
  })

  it('takes no notice of batch counters', async () => {
    const tensors = small().set('bn1.num_batches_tracked', { shape: [], data: BigInt64Array.of(3n) })
    expect((await load(tensors)).graph.architecture).toBe('small_cnn')
  })

  it('asks for the architecture when it knows none, and names the nearest', async () => {
    const odd = new Map([['a.weight', { shape: [1], data: Float32Array.of(1) }]])
    await expect(load(odd)).rejects.toThrow(
      /net\.safetensors is of no architecture that is known .*set model\.architecture/,
    )
    const nearly = entriesOf(createGraph('resnet18'))
    nearly.delete('layer1.0.bn2.bias')
    expect(() => recognise(nearly, 'x')).toThrow('its names look like resnet18')
  })

  it('says what a network of two branches is good for, and names the model in a folder', async () => {
    const branches = small().set('frozen.conv1.weight', { shape: [1], data: Float32Array.of(1) })
    await expect(load(branches)).rejects.toThrow(/routes images through two branches .*thaw predict/)
    writeFileSync(join(folder, 'model.safetensors'), writeSafetensors(small()))
    await expect(loadModel({ source: '.' }, { base: folder, media: folder })).rejects.toThrow(
      "the model '.' is of no kind that is read; write model.safetensors",
    )
  })

  it('lists what is missing, unexpected and of another shape', async () => {
    const tensors = small()
    tensors.delete('bn2.bias')
    tensors.set('extra', { shape: [1], data: Float32Array.of(1) })
    tensors.set('conv1.weight', { shape: [32, 3, 5, 5], data: new Float32Array(2400) })
    await expect(load(tensors, { architecture: 'small_cnn' })).rejects.toThrow(
      'net.safetensors does not fit small_cnn: 1 missing: bn2.bias; 1 unexpected: extra; ' +
        '1 of another shape: conv1.weight [32,3,5,5] instead of [32,3,3,3]',
    )
    await expect(load(tensors, { architecture: 'smal_cnn' })).rejects.toThrow("did you mean 'small_cnn'?")
  })

  it('names tensors with NaN or infinite values', async () => {
    const tensors = small()
    ;(tensors.get('bn2.bias')!.data as Float32Array)[3] = NaN
    ;(tensors.get('conv3.weight')!.data as Float32Array)[0] = -Infinity
    await expect(load(tensors)).rejects.toThrow(
      'net.safetensors has NaN or infinite values in bn2.bias, conv3.weight; training from them would fail',
    )
  })

  it('says when the file is of another kind, missing or a folder', async () => {
    const options = { base: folder, media: folder }
    await expect(loadModel({ source: 'x.pth' }, options)).rejects.toThrow(
      "the model 'x.pth' is of no kind that is read",
    )
    await expect(loadModel({ source: 'x.safetensors' }, options)).rejects.toThrow(
      'there is no file x.safetensors',
    )
    await expect(loadModel({ source: '.safetensors' }, options)).rejects.toThrow(
      /no kind that is read|no file/,
    )
  })
})

describe('permute', () => {
  it('moves every value to its place', () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => i)
    const moved = permute(data, [2, 3, 4], [2, 0, 1])
    for (let a = 0; a < 2; a++)
      for (let b = 0; b < 3; b++)
        for (let c = 0; c < 4; c++) expect(moved[c * 6 + a * 3 + b]).toBe(a * 12 + b * 4 + c)
    expect(permute(moved, [4, 2, 3], [1, 2, 0])).toEqual(data)
  })
})
