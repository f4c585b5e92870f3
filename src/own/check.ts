import { existsSync } from 'node:fs'
import { full } from '../engine/strategies/full'
import type { Strategy } from '../engine/strategies/types'
import { UserError } from '../spec/types'
import * as api from './api'
import {
  exportsWhatItEvaluated,
  gradientsReachOnlyWhatTrains,
  keepsMemoryFlat,
  keepsTheSource,
  resumesBitEqual,
  scoresImagesAlone,
} from './contract'
import type { OwnStrategy } from './define'
import { explain } from './evaluate'
import { readOwn, toStrategy } from './load'
import { readSources, type Sources } from './sources'
import { ownTests, type NamedCheck } from './testing'
import { afterOneStep, differences, finish, type Finished, type Member } from './trial'

export interface CheckResult {
  name: string
  ok: boolean
  /** What is wrong. */
  message?: string
  seconds: number
}

/**
 * Holds a user's strategy to what every strategy of Thaw's holds (U1 to U6 of the specification), on a tiny network
 * and made-up images; then runs the tests of `NAME.test.ts` beside it.
 * @param options for the runs, as in a run file
 * @param told each result as it comes
 * @throws UserError when the file exports no strategy or its options do not fit
 */
export async function checkStrategy(
  path: string,
  options: Record<string, unknown>,
  told: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const sources = readSources(path)
  const own = readOwn(sources, { thaw: api })
  checkOptions(own, sources, options)
  const strategy = toStrategy(`./${sources.entry}`, own, sources)
  const testFile = path.replace(/(\.[cm]?[jt]s)$/, '.test$1')
  const checks = [...contractOf(strategy, own, options), ...(existsSync(testFile) ? ownTests(testFile) : [])]
  const results: CheckResult[] = []
  for (const { name, run } of checks) {
    const result = await outcome(name, run, sources)
    results.push(result)
    told(result)
  }
  return results
}

function checkOptions(own: OwnStrategy, { entry }: Sources, options: Record<string, unknown>): void {
  for (const [what, given] of [
    ['options', options],
    ['off', own.off ?? options],
  ] as const) {
    const parsed = own.options.safeParse(given)
    if (parsed.success) continue
    const { path, message } = parsed.error.issues[0]!
    throw new UserError(`${entry}: ${[what, ...path].join('.')}: ${message}; see \`options\` of the file`)
  }
}

/** The contract, in the order of the specification; one run to its end serves four of its parts. */
function contractOf(
  strategy: Strategy,
  { off }: OwnStrategy,
  options: Record<string, unknown>,
): NamedCheck[] {
  const member: Member = { strategy, options }
  let run: Promise<Finished> | undefined
  const finished = () => (run ??= finish(member))
  return [
    {
      name: 'U1 leaves the pre-trained values as they are',
      run: async () => keepsTheSource(await finished()),
    },
    ...(off
      ? [{ name: 'U2 turned off it is full fine-tuning', run: () => isFullWhenOff(strategy, off) }]
      : []),
    {
      name: 'U3 the finished network gives the scores that were evaluated',
      run: async () => exportsWhatItEvaluated(await finished()),
    },
    {
      name: 'U4 gradients reach what trains and nothing else',
      run: () => gradientsReachOnlyWhatTrains(member),
    },
    {
      name: 'U5 resumes bit-equal from any step',
      run: () => resumesBitEqual(member, (saved) => Array.from({ length: saved }, (_, i) => i)),
    },
    { name: 'U6 scores each image by itself', run: async () => scoresImagesAlone(await finished()) },
    {
      name: 'keeps memory flat and leaves nothing behind',
      run: async () => keepsMemoryFlat(await finished()),
    },
  ]
}

async function isFullWhenOff(strategy: Strategy, off: Record<string, unknown>): Promise<void> {
  const shift = 0.01
  const [own, plain] = [
    await afterOneStep({ strategy, options: off }, shift),
    await afterOneStep({ strategy: full as Strategy }, shift),
  ]
  const network = new Map([...own.after].filter(([name]) => plain.after.has(name)))
  const other = differences(network, plain.after)
  if (other.length > 0)
    throw new UserError(`with \`off\` these values are not those of full fine-tuning: ${other.join(', ')}`)
}

async function outcome(name: string, run: NamedCheck['run'], sources: Sources): Promise<CheckResult> {
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  try {
    await run()
    return { name, ok: true, seconds: seconds() }
  } catch (error) {
    const told = explain(sources, error)
    return {
      name,
      ok: false,
      message: told instanceof Error ? told.message : String(told),
      seconds: seconds(),
    }
  }
}
