import { isOwnStrategy, provideStrategy } from '../engine/strategies/own'
import type { ResolvedSpec } from '../spec/schema'
import * as api from './api'
import { loadOwn } from './load'
import { sourcesOf, storedSources } from './store'

/**
 * Makes the run file's own strategy known to the engine: the copy in the run's folder where there is one, else the file
 * beside the run file. Does nothing for Thaw's own. Running it is the user's decision: the command line runs what it is
 * given, the editor only in a trusted workspace.
 * @throws UserError with file and line of what is wrong
 */
export function provideOwn(
  { strategy: { name } }: Pick<ResolvedSpec, 'strategy'>,
  { base, run }: { base: string; run?: string },
): void {
  if (!isOwnStrategy(name)) return
  const sources = (run === undefined ? undefined : storedSources(run)) ?? sourcesOf(name, base)!
  provideStrategy(name, loadOwn(name, sources, { thaw: api }))
}
