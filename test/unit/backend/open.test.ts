import { afterEach, expect, test } from 'vitest'
import { openBackend, resetBackend, tf } from '../../../src/engine/backend'

afterEach(() => openBackend('cpu'))

test('auto opens wasm and says why', async () => {
  const opened = await openBackend('auto', { seed: 5 })
  expect(opened).toMatchObject({ name: 'wasm', threads: 1, seed: 5 })
  expect(opened.reason).toMatch(
    /^the fastest that can do this run here; native: .*`thaw native install`.*; webgpu: /,
  )
  expect(tf.getBackend()).toBe('wasm')
})

test('a back end that is not installed is refused with what to write and exit code 3', async () => {
  await expect(openBackend('native')).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('write "auto", "wasm" or "cpu"'),
  })
})

test('auto passes by a back end that cannot do the run, and says why', async () => {
  const unfit = (name: string) => (name === 'wasm' ? 'takes 5 GB of its 4' : undefined)
  const opened = await openBackend('auto', { unfit })
  expect(opened.name).toBe('cpu')
  expect(opened.reason).toContain('; wasm: takes 5 GB of its 4')
  await expect(openBackend('auto', { unfit: () => 'no' })).rejects.toThrow(
    /^no back end can do this run: native: no; webgpu: no; wasm: no; cpu: no$/,
  )
})

test('resetting wasm gives its memory back and computes the same again', async () => {
  await openBackend('wasm')
  const heap = () =>
    (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.buffer.byteLength
  const compute = () => tf.tidy(() => [...tf.mul(tf.tensor1d([1, 2, 3]), 2).dataSync()])
  const before = compute()
  tf.dispose(tf.zeros([2 ** 25]))
  const grown = heap()
  await resetBackend()
  expect(tf.getBackend()).toBe('wasm')
  expect(heap()).toBeLessThan(grown / 4)
  expect(compute()).toEqual(before)
})
