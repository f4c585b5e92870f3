import { type LinePoint, strongWolfe } from './lineSearch'

/** Value at `x`; writes the gradient into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

export interface LbfgsOptions {
  /** Pairs of steps and gradient changes that stand for the curvature. Default 10. */
  memory?: number
  /** Default 500. */
  maxIterations?: number
  /** Done when no entry of the gradient is larger. Default 1e-6. */
  gradientTolerance?: number
  /** Done when a step lowers the value by less than this share of it. Default 0, never. */
  valueTolerance?: number
}

export interface LbfgsProgress {
  iterations: number
  value: number
  /** Largest absolute entry of the gradient. */
  gradientNorm: number
}

export interface LbfgsResult extends LbfgsProgress {
  x: Float64Array
  evaluations: number
  /** `stalled`: no lower point along the gradient within rounding; `limit`: `maxIterations` reached. */
  state: 'converged' | 'stalled' | 'limit'
}

/**
 * Limited-memory BFGS in double precision (Liu and Nocedal 1989; Nocedal and Wright, algorithms 7.4 and 7.5), a
 * generator that stops after each iteration, so that a long solve can let events through.
 */
export function* lbfgs(
  objective: Objective,
  start: Float64Array,
  options: LbfgsOptions = {},
): Generator<LbfgsProgress, LbfgsResult> {
  const { memory = 10, maxIterations = 500, gradientTolerance = 1e-6, valueTolerance = 0 } = options
  let x = Float64Array.from(start)
  let gradient = new Float64Array(x.length)
  let trialX = new Float64Array(x.length)
  let trialGradient = new Float64Array(x.length)
  let value = objective(x, gradient)
  let evaluations = 1
  let iterations = 0
  let pairs: Pair[] = []

  const progress = (): LbfgsProgress => ({ iterations, value, gradientNorm: largest(gradient) })
  const result = (state: LbfgsResult['state']): LbfgsResult => ({ ...progress(), x, evaluations, state })

  while (largest(gradient) > gradientTolerance) {
    if (iterations >= maxIterations) return result('limit')
    const direction = descent(gradient, pairs)
    const slope = dot(direction, gradient)

    let evaluated = 0
    const evaluate = (at: number): LinePoint => {
      evaluated = at
      for (let i = 0; i < x.length; i++) trialX[i] = x[i]! + at * direction[i]!
      evaluations++
      const trialValue = objective(trialX, trialGradient)
      return { at, value: trialValue, slope: dot(direction, trialGradient) }
    }
    // without curvature yet the gradient's length says nothing about the step's
    const first = pairs.length ? 1 : Math.min(1, 1 / sumOfSizes(gradient))
    const point = slope < 0 ? strongWolfe({ at: 0, value, slope }, evaluate, first) : undefined
    if (!point) {
      if (!pairs.length) return result('stalled')
      pairs = []
      continue
    }
    // the trial buffers hold the last point tried, which need not be the one chosen
    if (evaluated !== point.at) evaluate(point.at)

    pairs = remember(pairs, memory, difference(trialX, x), difference(trialGradient, gradient))
    const before = value
    value = point.value
    ;[x, trialX] = [trialX, x]
    ;[gradient, trialGradient] = [trialGradient, gradient]
    iterations++
    yield progress()
    if (before - value <= valueTolerance * Math.abs(value) && valueTolerance > 0) return result('converged')
  }
  return result(Number.isFinite(value) && Number.isFinite(largest(gradient)) ? 'converged' : 'stalled')
}

/** Runs `lbfgs` to its end. `start` is left as it is. */
export function minimizeLbfgs(
  objective: Objective,
  start: Float64Array,
  options: LbfgsOptions = {},
): LbfgsResult {
  const steps = lbfgs(objective, start, options)
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value
  }
}

interface Pair {
  s: Float64Array
  y: Float64Array
  /** 1 / (s y). */
  rho: number
}

/** Two-loop recursion: minus the inverse curvature times the gradient. */
function descent(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((g) => -g)
  const alphas = new Float64Array(pairs.length)
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, rho } = pairs[k]!
    alphas[k] = rho * dot(s, q)
    addScaled(q, y, -alphas[k]!)
  }
  const last = pairs.at(-1)
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y))
    for (let i = 0; i < q.length; i++) q[i]! *= scale
  }
  pairs.forEach(({ s, y, rho }, k) => addScaled(q, s, alphas[k]! - rho * dot(y, q)))
  return q
}

/** The newest `memory` pairs; one without positive curvature would spoil the direction and is left out. */
function remember(pairs: Pair[], memory: number, s: Float64Array, y: Float64Array): Pair[] {
  const curvature = dot(s, y)
  if (!(curvature > 1e-12 * dot(y, y))) return pairs
  return [...pairs, { s, y, rho: 1 / curvature }].slice(-memory)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * source[i]!
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!)
}

function largest(values: Float64Array): number {
  let most = 0
  for (const value of values) most = Math.max(most, Math.abs(value))
  return most
}

function sumOfSizes(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += Math.abs(value)
  return sum
}
