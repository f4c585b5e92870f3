import fc from 'fast-check'
import { chiSquaredDistributionTable, mean, sampleCorrelation, standardDeviation } from 'simple-statistics'
import { expect, test } from 'vitest'
import { RandomStream } from '../../../src/engine/random'

const draw = (stream: RandomStream, n: number) => Array.from({ length: n }, () => stream.uniform())

test('uniform draws fill [0, 1) evenly', () => {
  const values = draw(new RandomStream(1, 'order'), 100_000)
  expect(Math.min(...values.slice(0, 50_000))).toBeGreaterThanOrEqual(0)
  expect(Math.max(...values.slice(0, 50_000))).toBeLessThan(1)
  const counts = new Array<number>(20).fill(0)
  for (const value of values) counts[Math.floor(value * 20)]!++
  const chi = counts.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0)
  expect(chi).toBeLessThan(chiSquaredDistributionTable[19]![0.005]!)
  expect(Math.abs(sampleCorrelation(values.slice(1), values.slice(0, -1)))).toBeLessThan(0.013)
})

test('normal draws have mean 0, deviation 1 and normal tails', () => {
  const stream = new RandomStream(3, 'initialisation')
  const values = Array.from({ length: 100_000 }, () => stream.normal())
  expect(Math.abs(mean(values))).toBeLessThan(0.013)
  expect(Math.abs(standardDeviation(values) - 1)).toBeLessThan(0.009)
  const beyond = values.filter((value) => Math.abs(value) > 1.959964).length / values.length
  expect(Math.abs(beyond - 0.05)).toBeLessThan(0.003)
})

test('every permutation of four is as likely as any other', () => {
  const stream = new RandomStream(5, 'order')
  const counts = new Map<string, number>()
  for (let i = 0; i < 24_000; i++) {
    const key = stream.permutation(4).join('')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  expect(counts.size).toBe(24)
  const chi = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  expect(chi).toBeLessThan(44.2) // 0.995 quantile at 23 degrees of freedom
})

test('streams of neighbouring seeds and names are independent from their first draw on', () => {
  const first: number[] = []
  const next: number[] = []
  for (let seed = 0; seed < 4000; seed++) {
    first.push(new RandomStream(seed, 'order').uniform())
    next.push(new RandomStream(seed + 1, 'order').uniform())
  }
  // first draws of seeds 0, 1, 2, … are themselves a uniform sample without correlation
  expect(Math.abs(sampleCorrelation(first, next))).toBeLessThan(0.05)
  expect(Math.abs(mean(first) - 0.5)).toBeLessThan(0.02)
  const pairs = [
    [new RandomStream(1, 'order'), new RandomStream(2, 'order')],
    [new RandomStream(1, 'order'), new RandomStream(1, 'orders')],
    [new RandomStream(1, 'view/0/a.png'), new RandomStream(1, 'view/1/a.png')],
    [new RandomStream(12, '3'), new RandomStream(1, '23')],
  ] as const
  for (const [one, other] of pairs)
    expect(Math.abs(sampleCorrelation(draw(one, 10_000), draw(other, 10_000)))).toBeLessThan(0.04)
})

test('no two of 50,000 named streams begin alike', () => {
  const starts = new Set<string>()
  for (let i = 0; i < 50_000; i++) starts.add(new RandomStream(i % 100, `view/${i}`).state().join())
  expect(starts.size).toBe(50_000)
})

test('a stream restored from its state goes on as if never left, through JSON too', () => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), fc.nat(50), (seed, name, skip) => {
      const stream = new RandomStream(seed, name)
      draw(stream, skip)
      const state = JSON.parse(JSON.stringify(stream.state())) as number[]
      const expected = [stream.uniform(), stream.normal(), ...stream.permutation(5)]
      const other = new RandomStream(0, 'other')
      other.restore(state)
      expect([other.uniform(), other.normal(), ...other.permutation(5)]).toEqual(expected)
    }),
  )
})

test('what is no state is refused', () => {
  const stream = new RandomStream(1, 'order')
  for (const state of [[], [1, 2, 3], [0, 0, 0, 0], [1, 2, 3, 2 ** 40], [1, 2, 3, NaN]])
    expect(() => stream.restore(state)).toThrow('not the state of a random stream')
})

test('the draws of a seed stay what they are, so that old runs can be repeated', () => {
  expect(draw(new RandomStream(1, 'order'), 3)).toMatchInlineSnapshot(`
    [
      0.8532682528448471,
      0.13815635630431122,
      0.10918539490967483,
    ]
  `)
})
