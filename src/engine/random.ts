import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator'

/** The state of a stream as plain JSON. */
export type RandomState = readonly number[]

/** Four hash lanes, each with its own offset and odd multiplier, closed by MurmurHash3's final mix. */
const lanes = [
  [0x811c9dc5, 0x01000193],
  [0x9e3779b9, 0x85ebca6b],
  [0x243f6a88, 0xc2b2ae35],
  [0xb7e15162, 0x27d4eb2f],
] as const

function finalMix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0
}

/**
 * The 128 bits a stream starts from. All of the state comes from the hash: seeds or names that differ in one bit
 * give states that differ in about half of theirs, and two of a million streams do not meet.
 */
function startState(seed: number, name: string): RandomState {
  const text = `${Math.trunc(seed)}/${name}`
  const state = lanes.map(([offset, multiplier]) => {
    let hash: number = offset
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ text.charCodeAt(i), multiplier)
      hash ^= hash >>> 15
    }
    return finalMix(hash)
  })
  // the one state that the generator never leaves
  return state.some((word) => word !== 0) ? state : [1, 0, 0, 0]
}

/**
 * A named random stream. Every use of randomness in a run has its own (data order, transforms, initialisation,
 * dropout, gates), all derived from one seed, so that a change in one leaves the others alone. Its state is part
 * of every checkpoint.
 */
export class RandomStream {
  private generator: JumpableRandomGenerator

  constructor(
    seed: number,
    readonly name: string,
  ) {
    this.generator = xoroshiro128plusFromState(startState(seed, name))
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    const high = this.generator.next() >>> 5
    const low = this.generator.next() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  /** Integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** Standard normal, Box-Muller without a spare so that the state is the generator's alone. */
  normal(): number {
    const u = 1 - this.uniform()
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Fisher-Yates permutation of 0 … n-1. */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      ;[order[i], order[j]] = [order[j]!, order[i]!]
    }
    return order
  }

  /** A copy: the stream's next draws leave it alone. */
  state(): RandomState {
    return [...this.generator.getState()]
  }

  /** @throws RangeError where this is no state of a stream */
  restore(state: RandomState): void {
    if (
      state.length !== 4 ||
      !state.every((word) => word === (word | 0)) ||
      state.every((word) => word === 0)
    )
      throw new RangeError(`${JSON.stringify(state)} is not the state of a random stream`)
    this.generator = xoroshiro128plusFromState(state)
  }
}
