import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBackend } from '../../../src/engine/backend'
import { openAdapter } from '../../../src/engine/backend/webgpu/adapter'
import { events } from '../../../src/engine/backend/webgpu/events'
import { beyondLimits, gpuLimits, inWords } from '../../../src/engine/backend/webgpu/limits'
import { adapterVariable, openWebgpu } from '../../../src/engine/backend/webgpu/open'
import { rasteriserFolder } from '../../../src/engine/backend/webgpu/vulkan'
import { layerCosts } from '../../../src/engine/network'
import { tinyGraph } from '../train/fixture'

const kept = process.env[adapterVariable]
beforeEach(() => delete process.env[adapterVariable])
afterEach(() => {
  if (kept === undefined) delete process.env[adapterVariable]
  else process.env[adapterVariable] = kept
})

const costs = layerCosts(tinyGraph(), [8, 8, 3])
/** Values of the largest output: 8 × 8 pixels of 4 channels. */
const largest = 8 * 8 * 4

test('a tensor that a GPU cannot bind is told with its layer and the batch that fits', () => {
  const limits = (bytes: number) => ({ maxBufferSize: bytes, maxStorageBufferBindingSize: 2 ** 30 })
  expect(beyondLimits(costs, 16, limits(4 * largest * 16))).toBeUndefined()
  const problem = beyondLimits(costs, 16, limits(4 * largest * 16 - 1))!
  expect(problem.layer).toBe('stem.conv')
  expect(problem.message).toMatch(/^layer stem\.conv: its output for 16 images takes /)
  expect(problem.fits).toBe(15)
  const none = beyondLimits(
    [{ layer: 'big', multiplyAdds: 1, parameters: 400, activations: 1 }],
    1,
    limits(1500),
  )
  expect(none).toMatchObject({ layer: 'big', fits: 0, message: expect.stringContaining('weights') })
})

test('sizes in words', () => {
  expect(inWords(3 * 2 ** 29)).toBe('1.5 GB')
  expect(inWords(2 ** 27)).toBe('128.0 MB')
})

test('other back ends have no such limits', async () => {
  await openBackend('cpu')
  expect(gpuLimits()).toBeUndefined()
})

test('the rasteriser is found where Chromium is, and taken only by who names it', async () => {
  expect(rasteriserFolder()).toBeDefined()
  await expect(openWebgpu('swiftshader', false)).rejects.toThrow('only a software rasteriser is named')
  await expect(openAdapter('SwiftShader', false)).rejects.toMatchObject({ exitCode: 3 })
  process.env[adapterVariable] = 'swiftshader'
  const { name } = await openBackend('auto')
  expect(name).not.toBe('webgpu')
})

test("Node's setImmediate goes on as before beside Dawn's", async () => {
  events.install()
  events.install()
  const seen: unknown[] = []
  await new Promise<void>((resolve) => {
    setImmediate((...args: unknown[]) => seen.push(...args), 1, 2)
    const cancelled = setImmediate(() => seen.push('cancelled'))
    clearImmediate(cancelled)
    setImmediate(resolve)
  })
  expect(seen).toEqual([1, 2])
  expect(events.waitFor(() => true)).toBe(true)
})
