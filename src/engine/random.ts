import { xoroshiro128plusFromState, xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator'

/** The state of a stream as plain JSON. */
export type RandomState = readonly number[]

/** 32-bit FNV-1a, to give each named stream its own seed. */
function hashName(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ Math.trunc(seed)
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  return hash | 0
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
    this.generator = xoroshiro128plus(hashName(seed, name))
    // neighbouring seeds share leading output: skip it
    for (let i = 0; i < 16; i++) this.generator.next()
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

  state(): RandomState {
    return [...this.generator.getState()]
  }

  restore(state: RandomState): void {
    this.generator = xoroshiro128plusFromState(state)
  }
}
