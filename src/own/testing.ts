import assert from 'node:assert/strict'
import { full } from '../engine/strategies/full'
import type { Strategy } from '../engine/strategies/types'
import * as api from './api'
import type { OwnStrategy } from './define'
import { evaluate } from './evaluate'
import { toStrategy } from './load'
import { readSources, type Sources } from './sources'
import { openMember, valuesOf } from './trial'

export interface NamedCheck {
  name: string
  run(): void | Promise<void>
}

/** A short run on the tiny network: six steps of six images in three classes. */
export interface TinyRun {
  losses: number[]
  /** Parts of the loss by step. */
  parts: Record<string, number>[]
  /** Values after the last step, by name; layouts of ours. */
  weights: ReadonlyMap<string, Float32Array>
  /** Values before the first. */
  start: ReadonlyMap<string, Float32Array>
}

/** The module `thaw/test` of a user's test file. */
export interface TestModule {
  /** A test: it fails when it throws or rejects. */
  test(name: string, run: () => void | Promise<void>): void
  /** `node:assert/strict`. */
  assert: typeof assert
  /** Trains the tiny network. @param strategy yours, or `'full'` @param file more of the run file */
  run(
    strategy: OwnStrategy | 'full',
    options?: Record<string, unknown>,
    file?: Record<string, unknown>,
  ): Promise<TinyRun>
}

/** The tests of a file. @throws UserError when it cannot be read or run */
export function ownTests(path: string): NamedCheck[] {
  const sources = readSources(path)
  const tests: NamedCheck[] = []
  const module: TestModule = {
    test: (name, run) => void tests.push({ name, run }),
    assert,
    run: (strategy, options, file) =>
      tinyRun(strategy === 'full' ? (full as Strategy) : named(strategy, sources), options, file),
  }
  evaluate(sources, { thaw: api, 'thaw/test': module })
  return tests
}

const named = (own: OwnStrategy, sources: Sources): Strategy =>
  toStrategy(`./${sources.entry.replace(/\.test(\.\w+)$/, '$1')}`, own, sources)

async function tinyRun(
  strategy: Strategy,
  options?: Record<string, unknown>,
  file?: Record<string, unknown>,
): Promise<TinyRun> {
  const session = await openMember({ strategy, options, file })
  try {
    const start = valuesOf(session.bank)
    const losses: number[] = []
    const parts: Record<string, number>[] = []
    for (let step = await session.step(); step; step = await session.step()) {
      losses.push(step.loss)
      parts.push(step.parts)
    }
    return { losses, parts, weights: valuesOf(session.bank), start }
  } finally {
    await session.dispose()
  }
}
