import { describe, expect, it } from 'vitest'
import { computeMetrics, evaluateScores } from '../../../src/engine/evaluate'
import { UserError } from '../../../src/spec/types'
import { fixture } from './fixture'

const softmax = (logits: number[], classes: number) =>
  logits.map((_, i) => {
    const row = logits.slice(i - (i % classes), i - (i % classes) + classes)
    return Math.exp(logits[i]!) / row.reduce((sum, score) => sum + Math.exp(score), 0)
  })

describe.each(Object.entries(fixture.metrics))('metrics are those of scikit-learn: %s', (_, expected) => {
  const { labels, logits, classes } = expected
  const compared = ['accuracy', 'balancedAccuracy', 'macroF1', 'logLoss', 'ece'] as const

  it.each(compared)('%s from logits', (name) => {
    expect(computeMetrics({ logits: Float32Array.from(logits), labels, classes })[name]).toBeCloseTo(
      expected[name],
      12,
    )
  })

  it.each(compared)('%s from probabilities', (name) => {
    const probabilities = softmax(logits, classes)
    expect(computeMetrics({ probabilities, labels, classes })[name]).toBeCloseTo(expected[name], 10)
  })

  it('confusion', () => {
    expect(evaluateScores({ logits, labels, classes }).confusion).toEqual(expected.confusion)
  })

  it('and the interval holds the estimate', () => {
    const { low, high, balancedAccuracy } = computeMetrics({ logits, labels, classes })
    expect(low).toBeLessThanOrEqual(balancedAccuracy)
    expect(high).toBeGreaterThanOrEqual(balancedAccuracy)
    expect(low).toBeGreaterThanOrEqual(0)
    expect(high).toBeLessThanOrEqual(1)
  })
})

describe('scores at the edge', () => {
  it('of ±1e4 give finite metrics', () => {
    const metrics = computeMetrics({ logits: [1e4, -1e4, -1e4, 1e4], labels: [0, 0], classes: 2 })
    expect(metrics.logLoss).toBe(1e4)
    expect(metrics.accuracy).toBe(0.5)
    expect(metrics.ece).toBe(0.5)
    for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true)
  })

  it('of probability 0 for the true class give a finite loss', () => {
    const { logLoss } = computeMetrics({ probabilities: [1, 0], labels: [1], classes: 2 })
    expect(logLoss).toBeCloseTo(52 * Math.LN2, 10)
  })

  it.each([NaN, Infinity, -Infinity])('that are %d are refused, with image, class and what to do', (bad) => {
    const evaluate = () => computeMetrics({ logits: [0, 1, 2, bad], labels: [0, 1], classes: 2 })
    expect(evaluate).toThrow(UserError)
    expect(evaluate).toThrow(/score of class 1 for image 1 is .*earlier checkpoint or lower the rate/)
  })

  it('that do not fit the labels are refused', () => {
    expect(() => computeMetrics({ logits: [0, 1, 2], labels: [0, 1], classes: 2 })).toThrow(
      /3 scores for 2 images/,
    )
    expect(() => computeMetrics({ logits: [0, 1], labels: [2], classes: 2 })).toThrow(/Label 2 of image 0/)
    expect(() => computeMetrics({ logits: [], labels: [], classes: 2 })).toThrow(/no images to evaluate/)
    expect(() => computeMetrics({ probabilities: [3, 1], labels: [0], classes: 2 })).toThrow(/sum to 4/)
  })
})

describe('reliability', () => {
  it('counts every image once, in the bin of its confidence', () => {
    const { labels, logits, classes } = fixture.metrics['uneven classes']!
    const { reliability, metrics } = evaluateScores({ logits, labels, classes })
    expect(reliability).toHaveLength(15)
    expect(reliability.reduce((sum, bin) => sum + bin.count, 0)).toBe(labels.length)
    for (const bin of reliability.filter(({ count }) => count > 0)) {
      expect(bin.confidence).toBeGreaterThan(bin.low)
      expect(bin.confidence).toBeLessThanOrEqual(bin.high)
    }
    const right = reliability.reduce((sum, bin) => sum + bin.count * bin.accuracy, 0)
    expect(right / labels.length).toBeCloseTo(metrics.accuracy, 12)
  })
})
