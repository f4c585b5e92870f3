import { beforeAll, describe, expect, test } from 'vitest'
import { comparedOnHeap, openBackend, tf } from '../../../src/engine/backend'

/** In double precision, value by value. */
function expected(a: Float32Array, b: Float32Array) {
  const differences = [...a].map((x, i) => x - b[i]!)
  const sum = (values: number[]) => values.reduce((total, x) => total + x * x, 0)
  return {
    squares: sum(differences),
    of: sum([...b]),
    largest: differences.some(Number.isNaN) ? NaN : Math.max(0, ...differences.map(Math.abs)),
    differ: a.filter((x, i) => x !== b[i]).length,
  }
}

/** Sums in another order differ in their last digits. */
const near = (a: number, b: number) => Object.is(a, b) || Math.abs(a - b) <= 1e-13 * Math.abs(b)

beforeAll(async () => {
  await openBackend('wasm')
})

describe('values compared on the heap of wasm', () => {
  // not a multiple of four: the last values take another way
  const n = 4099
  const wave = (shift: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 0.37 + shift))
  const some = (change: (values: Float32Array) => void) => {
    const values = wave(0)
    change(values)
    return values
  }
  const cases: [what: string, a: Float32Array, b: Float32Array][] = [
    ['that all differ', wave(0), wave(1)],
    ['that are the same', wave(0), wave(0)],
    [
      'of which one moved by the least there is',
      some((v) => (v[1002] = 1.5e-45)),
      some((v) => (v[1002] = 0)),
    ],
    ['of which the last moved', some((v) => (v[n - 1]! += 1)), wave(0)],
    ['of which one is NaN', some((v) => (v[5] = NaN)), wave(0)],
    ['of which the last was NaN', wave(0), some((v) => (v[n - 1] = NaN))],
    ['of which one became infinite', some((v) => (v[7] = -Infinity)), wave(0)],
    ['whose differences overflow float32', some((v) => (v[9] = 3e38)), some((v) => (v[9] = -3e38))],
  ]
  test.each(cases)('%s, beside zeros and beside themselves', (_what, a, b) => {
    const [x, y] = [tf.tensor1d(a), tf.tensor1d(b)]
    const all = comparedOnHeap([[x, y], [x], [x, x], [y, x]])!
    const pairs = [
      [a, b],
      [a, new Float32Array(n)],
      [a, a],
      [b, a],
    ] as const
    pairs.forEach(([one, other], i) => {
      const { squares, of, largest, differ } = expected(one, other)
      expect(near(all[i]!.squares, squares), `squares of pair ${i}`).toBe(true)
      expect(near(all[i]!.of, of), `b of pair ${i}`).toBe(true)
      expect(all[i]).toMatchObject({ largest, differ })
    })
    tf.dispose([x, y])
  })

  test('leaves what lies elsewhere to others', () => {
    const [whole, flags] = [tf.tensor1d([1, 2], 'int32'), tf.tensor1d([1, 2])]
    expect(comparedOnHeap([[flags, flags]])).toHaveLength(1)
    expect(comparedOnHeap([[flags, whole]])).toBeUndefined()
    tf.dispose([whole, flags])
  })
})
