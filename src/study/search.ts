import { RandomStream } from '../engine/random'
import type { Dimension, TuneSpec } from '../spec'
import { canonical } from './identity'

/** A combination to try: a value by the path of its field. */
export interface Trial {
  /** From 1. */
  number: number
  values: Record<string, unknown>
}

const DEFAULT_TRIALS = 16
/** Draws a trial before it is believed that a space of few values holds no new one. */
const PATIENCE = 200

/**
 * The trials of a search, none twice: the same for the same space and seed, and those of a smaller budget first. Each
 * dimension draws from a stream of its own for each trial, so that a new dimension leaves the values of the others alone.
 */
export function proposeTrials({ search, space, seed, trials }: TuneSpec): Trial[] {
  const combinations = search === 'grid' ? gridOf(space) : drawn(space, seed)
  const wanted = trials ?? (search === 'grid' ? Infinity : DEFAULT_TRIALS)
  const seen = new Set<string>()
  const found: Trial[] = []
  let repeats = 0
  for (const values of combinations) {
    const key = canonical(values)
    if (seen.has(key)) {
      if (++repeats >= PATIENCE) break
      continue
    }
    repeats = 0
    seen.add(key)
    found.push({ number: found.length + 1, values })
    if (found.length >= wanted) break
  }
  return found
}

function* drawn(space: TuneSpec['space'], seed: number): Generator<Record<string, unknown>> {
  for (let draw = 0; ; draw++)
    yield Object.fromEntries(
      Object.entries(space).map(([path, dimension]) => [
        path,
        pick(dimension, new RandomStream(seed, `tune/${draw}/${path}`)),
      ]),
    )
}

function pick(dimension: Dimension, random: RandomStream): unknown {
  if ('choice' in dimension) return dimension.choice[random.integer(dimension.choice.length)]
  return at(dimension, random.uniform())
}

/** Value at a share of the way from the lower to the upper end. */
function at(dimension: Exclude<Dimension, { choice: unknown }>, part: number): number {
  const log = 'logUniform' in dimension
  const [low, high] = log ? dimension.logUniform : dimension.uniform
  // a whole number has the share of the range that rounds to it, so the ends get theirs from half a step outside
  const pad = dimension.whole && !log ? 0.5 : 0
  const [from, to] = [low - pad, high + pad]
  const value = log ? Math.exp(Math.log(from) + part * Math.log(to / from)) : from + part * (to - from)
  const rounded = dimension.whole ? Math.round(value) : readable(value)
  const [least, most] = dimension.whole ? [Math.ceil(low), Math.floor(high)] : [low, high]
  return Math.min(most, Math.max(least, rounded))
}

/** Four digits: what is written into a run file should be readable, and no search tells more of them apart. */
const readable = (value: number): number => Number(value.toPrecision(4))

/** All combinations, the last dimension fastest. */
function gridOf(space: TuneSpec['space']): Record<string, unknown>[] {
  return Object.entries(space).reduce<Record<string, unknown>[]>(
    (rows, [path, dimension]) =>
      rows.flatMap((row) => pointsOf(dimension).map((value) => ({ ...row, [path]: value }))),
    [{}],
  )
}

function pointsOf(dimension: Dimension): readonly unknown[] {
  if ('choice' in dimension) return dimension.choice
  const { points, whole } = dimension
  const [low, high] = 'logUniform' in dimension ? dimension.logUniform : dimension.uniform
  const parts = Array.from({ length: points }, (_, i) => i / (points - 1))
  // on a grid the ends are themselves
  const values = parts.map((part) => {
    const value = 'logUniform' in dimension ? low * (high / low) ** part : low + part * (high - low)
    if (!whole) return part === 0 ? low : part === 1 ? high : readable(value)
    return Math.min(Math.floor(high), Math.max(Math.ceil(low), Math.round(value)))
  })
  return [...new Set(values)]
}
