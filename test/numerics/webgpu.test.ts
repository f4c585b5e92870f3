import { beforeAll, describe, expect, test } from 'vitest'
import { openBackend, support, tf } from '../../src/engine/backend'
import { run, type WebGPUBackend } from '../../src/engine/backend/webgpu/program'
import { cases } from './backend.cases'
import { compare, everyCaseAgrees, measure, numbers, references } from './backend.harness'

let reference: Awaited<ReturnType<typeof references>>

beforeAll(async () => {
  reference = await references()
  await openBackend('webgpu', { device: { adapter: 'swiftshader' } as never })
})

describe('webgpu on SwiftShader: value, first and second derivative agree with float64 PyTorch', () => {
  everyCaseAgrees(() => reference)
})

test('the support table says so, and each of its lines has a case', () => {
  const tested = new Set(cases.map((one) => one.op))
  expect(Object.entries(support).filter(([op, { webgpu }]) => webgpu !== 2 || !tested.has(op))).toEqual([])
})

describe('webgpu: mistakes are found', () => {
  test('a max pool whose backward gives the pixel to the wrong window fails the suite', () => {
    const one = cases.find((c) => c.op === 'maxPool' && (c.attributes['strides'] as number[])[0] === 2)!
    const own = tf.getKernel('ThawScatterFlat', 'webgpu')!
    tf.unregisterKernel('ThawScatterFlat', 'webgpu')
    tf.registerKernel({
      ...own,
      kernelFunc: ({ inputs, attrs, backend }) =>
        own.kernelFunc({ inputs: { ...inputs, g: shifted(inputs['g']!, backend) }, attrs, backend } as never),
    })
    try {
      const errors = compare(
        measure(one, numbers(one, reference.counts.get(one)!), 'fast'),
        reference.values.get(one)!,
      )
      expect(errors['value']).toBeLessThan(1e-5)
      expect(errors['first']).toBeGreaterThan(0.1)
    } finally {
      tf.unregisterKernel('ThawScatterFlat', 'webgpu')
      tf.registerKernel(own)
    }
  })

  test('more tensors than a shader binds are added in groups', () => {
    const many = Array.from({ length: 50 }, (_, i) => tf.tensor([i, 1]))
    const sum = tf.addN(many)
    expect([...sum.dataSync()]).toEqual([1225, 50])
    tf.dispose([...many, sum])
  })

  test('what is not a number stays so through batch norm with relu6', () => {
    const values = tf.tidy(() =>
      tf
        .engine()
        .runKernel(
          'ThawAffine',
          { x: tf.tensor([[NaN], [9]]), scale: tf.tensor([1]), shift: tf.tensor([0]) } as never,
          { activation: 'relu6' } as never,
        ),
    ) as tf.Tensor
    expect([...values.dataSync()]).toEqual([NaN, 6])
    values.dispose()
  })
})

function shifted(g: unknown, backend: unknown) {
  return run(backend as WebGPUBackend, {
    name: 'test shift',
    output: (g as tf.Tensor).shape,
    inputs: { g: g as tf.Tensor },
    code: 'result[i] = g[(i + 1) % uniforms.size];',
  })
}
