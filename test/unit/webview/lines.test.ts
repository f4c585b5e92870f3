import { describe, expect, it } from 'vitest'
import { endsOf } from '../../../webview/curves/lines'
import { isNoisy, smooth } from '../../../webview/curves/smooth'
import { bytes, valueText, weights } from '../../../webview/renderer/values'

describe('a smoothed line', () => {
  it('follows a straight line exactly, ends included, and leaves gaps', () => {
    const line = Array.from({ length: 90 }, (_, i) => 3 - i / 40)
    smooth(line).forEach((value, i) => expect(value).toBeCloseTo(line[i]!, 10))
    expect(smooth([1, null, 1])).toEqual([1, null, 1])
  })

  it('is drawn for what goes to and fro, never for a rate', () => {
    const fall = Array.from({ length: 60 }, (_, i) => Math.exp(-i / 20))
    expect(isNoisy(fall)).toBe(false)
    expect(isNoisy(fall.map((value, i) => value * (i % 2 ? 1.3 : 0.7)))).toBe(true)
    expect(isNoisy([1, 2, 1, 2])).toBe(false)
  })
})

describe('a logarithmic axis', () => {
  const panel = (values: (number | null)[]) => ({
    ...{ title: 'Loss', scale: 'log' as const },
    lines: [{ name: 'loss', steps: values.map((_, i) => i), values }],
  })

  it('ends at 1 or 3 times a power of ten, whatever is not above 0', () => {
    expect(endsOf(panel([2.5, 0.4, null]))).toEqual({ floor: 0.3, ceiling: 3 })
    expect(endsOf(panel([1, 1]))).toEqual({ floor: 1, ceiling: 3 })
    expect(endsOf(panel([2, 0, -1]))).toEqual({ floor: 1, ceiling: 3 })
    expect(endsOf(panel([null]))).toBeUndefined()
  })

  it('spans at most a factor of a thousand or so', () => {
    const { floor, ceiling } = endsOf(panel([2, 1e-9]))!
    expect(ceiling / floor).toBeLessThanOrEqual(3000)
  })
})

describe('values of a table', () => {
  it('are written by kind', () => {
    expect(valueText(0.127, 'percent', 1)).toBe('12.7 %')
    expect(valueText(-0.0431, 'number', 3)).toBe('−0.043')
    expect(valueText(1234567, 'number')).toBe('1,234,567')
    expect(valueText(null, 'number')).toBe('–')
    expect([0, 999, 12345, 3.2e9].map(bytes)).toEqual(['0 B', '999 B', '12.3 kB', '3.20 GB'])
    expect([512, 61_000, 2_390_000].map(weights)).toEqual(['512', '61 k', '2.39 M'])
  })
})
