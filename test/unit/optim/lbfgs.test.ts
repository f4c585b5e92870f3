import { describe, expect, it } from 'vitest'
import { lbfgs, minimizeLbfgs, type Objective } from '../../../src/engine/optim'
import { RandomStream } from '../../../src/engine/random'

/** Chained Rosenbrock; minimum 0 at (1, …, 1). */
const rosenbrock: Objective = (x, g) => {
  let value = 0
  g.fill(0)
  for (let i = 0; i + 1 < x.length; i++) {
    const bend = x[i + 1]! - x[i]! ** 2
    value += 100 * bend ** 2 + (1 - x[i]!) ** 2
    g[i]! += -400 * x[i]! * bend - 2 * (1 - x[i]!)
    g[i + 1]! += 200 * bend
  }
  return value
}

describe('minimizeLbfgs', () => {
  it.each([2, 10, 100])('finds the minimum of Rosenbrock in %i dimensions', (n) => {
    const start = new Float64Array(n).map((_, i) => (i % 2 ? 1 : -1.2))
    const result = minimizeLbfgs(rosenbrock, start, { gradientTolerance: 1e-8, maxIterations: 1000 })
    expect(result.state).toBe('converged')
    expect(Math.max(...result.x.map((v) => Math.abs(v - 1)))).toBeLessThan(1e-7)
    // scipy's L-BFGS-B takes 46, 96 and 644
    expect(result.evaluations).toBeLessThan(50 + 6.5 * n)
  })

  it('finds the minimum of a quadratic with curvatures from 0.03 to 30', () => {
    const random = new RandomStream(3, 'quadratic')
    const h = Float64Array.from({ length: 30 }, (_, i) => 10 ** (-1.5 + (3 * i) / 29))
    const c = h.map(() => random.normal())
    const bowl: Objective = (x, g) =>
      h.reduce((sum, curvature, i) => {
        g[i] = curvature * (x[i]! - c[i]!)
        return sum + (curvature / 2) * (x[i]! - c[i]!) ** 2
      }, 0)
    const result = minimizeLbfgs(bowl, new Float64Array(30), { gradientTolerance: 1e-9 })
    expect(result.state).toBe('converged')
    expect(Math.max(...result.x.map((v, i) => Math.abs(v - c[i]!)))).toBeLessThan(1e-7)
  })

  it('steps back from where the function has no value', () => {
    // -log x - log(1 - x) has its minimum at 1/2 and no value outside of (0, 1)
    const barrier: Objective = (x, g) => {
      g[0] = -1 / x[0]! + 1 / (1 - x[0]!)
      return -Math.log(x[0]!) - Math.log(1 - x[0]!)
    }
    const result = minimizeLbfgs(barrier, Float64Array.of(1e-4))
    expect(result.x[0]).toBeCloseTo(0.5, 6)
  })

  it('says that it stalled where nothing can be lower', () => {
    const broken: Objective = (_, g) => {
      g.fill(1)
      return 0
    }
    expect(minimizeLbfgs(broken, new Float64Array(2)).state).toBe('stalled')
    const nothing: Objective = (_, g) => {
      g.fill(NaN)
      return NaN
    }
    expect(minimizeLbfgs(nothing, new Float64Array(2)).state).toBe('stalled')
  })

  it('keeps to its limit of iterations, lowers the value with each, and leaves the start alone', () => {
    const start = new Float64Array(10)
    const values: number[] = []
    const steps = lbfgs(rosenbrock, start, { maxIterations: 12 })
    let next = steps.next()
    for (; !next.done; next = steps.next()) values.push(next.value.value)
    expect(next.value.state).toBe('limit')
    expect(values).toHaveLength(12)
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThan(values[i - 1]!)
    expect([...start]).toEqual(new Array(10).fill(0))
  })
})
