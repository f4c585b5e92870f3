import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fitLogistic, foldScales, predictLogistic, softmaxLoss } from '../../../src/engine/optim'
import { RandomStream } from '../../../src/engine/random'

interface Fixture {
  classes: number
  l2: number
  features: number[]
  labels: number[]
  weights: number[]
  bias: number[]
}
const fixtures = JSON.parse(
  readFileSync(new URL('../../reference/logistic.json', import.meta.url), 'utf8'),
) as Record<string, Fixture>

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

/** Images of blurred classes: features like a network's, of very different scales. */
function blobs(count: number, width: number, classes: number) {
  const random = new RandomStream(5, 'blobs')
  const centres = Array.from({ length: classes * width }, () => random.normal())
  const scales = Array.from({ length: width }, () => Math.exp(2 * random.normal()))
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes)
  const features = new Float32Array(count * width)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < width; j++)
      features[i * width + j] = (centres[labels[i]! * width + j]! + 2 * random.normal()) * scales[j]!
  return { features, labels }
}

describe('fitLogistic', () => {
  it.each(Object.keys(fixtures))('gives the weights of scikit-learn: %s', (name) => {
    const { features, labels, classes, l2, weights, bias } = fixtures[name]!
    const fit = fitLogistic(Float32Array.from(features), labels, classes, { l2, gradientTolerance: 1e-9 })
    expect(fit.state).toBe('converged')
    expect(largestDifference(fit.weights, weights)).toBeLessThan(2e-6)
    expect(largestDifference(fit.bias, bias)).toBeLessThan(2e-6)
  })

  it('has with two classes the columns w / 2 and -w / 2', () => {
    const { features, labels } = fixtures['two classes']!
    const fit = fitLogistic(Float32Array.from(features), labels, 2, { l2: 0.1 })
    for (let j = 0; j < fit.width; j++)
      expect(fit.weights[2 * j]! + fit.weights[2 * j + 1]!).toBeCloseTo(0, 6)
  })

  it('solves 400 images of 192 features in ten classes to a gradient of 1e-6 in well under a second', () => {
    const { features, labels } = blobs(400, 192, 10)
    const start = process.cpuUsage()
    const fit = fitLogistic(features, labels, 10, { l2: 0.1 })
    const { user } = process.cpuUsage(start)
    expect(fit.state).toBe('converged')
    expect(fit.gradientNorm).toBeLessThan(1e-6)
    expect(user / 1e6).toBeLessThan(1)
  })

  it('gives the same scores with its scales kept apart or folded in', () => {
    const { features, labels } = blobs(60, 8, 3)
    const fit = fitLogistic(features, labels, 3, { l2: 0.01 })
    const folded = foldScales(fit)
    const apart = predictLogistic(fit, features)
    const plain = { ...fit, ...folded, mean: new Float32Array(8), std: new Float32Array(8).fill(1) }
    expect(largestDifference(predictLogistic(plain, features), apart)).toBeLessThan(1e-4)
  })

  it('gives bit for bit the same weights each time', () => {
    const { features, labels } = blobs(60, 8, 3)
    expect(fitLogistic(features, labels, 3, { l2: 0.1 })).toEqual(
      fitLogistic(features, labels, 3, { l2: 0.1 }),
    )
  })

  it('needs hardly a step from its own solution', () => {
    const { features, labels } = blobs(60, 8, 3)
    const cold = fitLogistic(features, labels, 3, { l2: 0.1 })
    const warm = fitLogistic(features, labels, 3, { l2: 0.1, warmStart: cold })
    expect(cold.iterations).toBeGreaterThan(5)
    expect(warm.iterations).toBeLessThanOrEqual(1)
  })

  it('lets a dead feature be, whatever its value', () => {
    const { features, labels } = blobs(60, 8, 3)
    for (let i = 0; i < 60; i++) features[i * 8 + 2] = 0.1
    const fit = fitLogistic(features, labels, 3, { l2: 0.1 })
    expect(fit.std[2]).toBe(1)
    expect(Math.abs(fit.weights[2 * 3]!)).toBeLessThan(1e-6)
  })

  it('standardises by one scale for all, or not at all, when asked', () => {
    const { features, labels } = blobs(60, 8, 3)
    const global = fitLogistic(features, labels, 3, { l2: 0.1, standardise: 'global' })
    expect(new Set(global.mean).size).toBe(1)
    expect(new Set(global.std).size).toBe(1)
    const raw = fitLogistic(features, labels, 3, { l2: 0.1, standardise: 'none', maxIterations: 2000 })
    expect([...raw.mean]).toEqual(new Array(8).fill(0))
    expect([...raw.std]).toEqual(new Array(8).fill(1))
  })

  it('names the image and feature that is not finite', () => {
    const { features, labels } = blobs(60, 8, 3)
    features[5 * 8 + 3] = NaN
    expect(() => fitLogistic(features, labels, 3, { l2: 0.1 })).toThrow(
      /Feature 3 of training image 5 is NaN; .* check the model file/,
    )
    expect(() => fitLogistic(new Float32Array(0), [], 3, { l2: 0.1 })).toThrow(/add training images/)
    expect(() => fitLogistic(new Float32Array(4), [0, 7], 3, { l2: 0.1 })).toThrow(
      /Label 7 of training image 1/,
    )
  })
})

describe('softmaxLoss', () => {
  it('has the gradient of its value (central differences)', () => {
    const { features, labels } = blobs(12, 5, 3)
    const loss = softmaxLoss({
      features: Float64Array.from(features, (v) => v / 10),
      labels,
      classes: 3,
      width: 5,
      l2: 0.3,
    })
    const random = new RandomStream(8, 'point')
    const x = Float64Array.from({ length: 18 }, () => random.normal())
    const gradient = new Float64Array(18)
    const unused = new Float64Array(18)
    loss(x, gradient)
    for (let k = 0; k < 18; k++) {
      const at = (shift: number) => loss(x.with(k, x[k]! + shift), unused)
      expect((at(1e-5) - at(-1e-5)) / 2e-5).toBeCloseTo(gradient[k]!, 7)
    }
  })
})
