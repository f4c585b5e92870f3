import type { Strategy } from './types'

const provided = new Map<string, Strategy>()

/** Whether a name in a run file is a file of the user's: a relative path of a script. */
export const isOwnStrategy = (name: string): boolean => /^\.{1,2}\/.+\.[cm]?[jt]s$/.test(name)

/** Makes a user's strategy known under its name in run files, until another takes the name. */
export function provideStrategy(name: string, strategy: Strategy): void {
  provided.set(name, strategy)
}

export const providedStrategy = (name: string): Strategy | undefined => provided.get(name)
