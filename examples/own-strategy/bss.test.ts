import { floats, tf } from 'thaw'
import { assert, run, test } from 'thaw/test'
import bss, { shrinkage } from './bss'

const value = (rows: number[][], k: number): number =>
  tf.tidy(() => floats(shrinkage(tf.tensor2d(rows), k))[0]!)

test('the sum is that of the smallest squared singular values', () => {
  const rows = [
    [3, 0, 0],
    [0, 2, 0],
  ]
  assert.ok(Math.abs(value(rows, 1) - 4) < 1e-5)
  assert.ok(Math.abs(value(rows, 2) - 13) < 1e-5)
})

test('a matrix without full rank costs nothing', () => {
  const rows = [
    [1, 2, 3],
    [2, 4, 6],
  ]
  assert.ok(value(rows, 1) < 1e-6)
})

test('a large strength shrinks what a small one does not', async () => {
  const smallest = async (eta: number): Promise<number> => {
    const { parts } = await run(
      bss,
      { eta },
      { train: { steps: 20, optimizer: { name: 'sgd', rate: 0.01 } } },
    )
    return parts.slice(-5).reduce((sum, { bss: part }) => sum + part! / eta, 0)
  }
  const [weak, strong] = [await smallest(1e-6), await smallest(1000)]
  assert.ok(strong < 0.5 * weak, `${strong} against ${weak}`)
})
