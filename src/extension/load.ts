import { createRequire } from 'node:module'
import type * as heavyHalf from './heavy'
import { log } from './output'

type Heavy = typeof heavyHalf
let known: Heavy | undefined

/**
 * The heavy half, read from its own file at the first need: parsing the run file's schema alone would take longer
 * than waking may.
 */
export function heavy(): Heavy {
  if (!known) {
    known = createRequire(__filename)('./extensionHeavy.js') as Heavy
    known.connectLog(log)
    // looked for before the first process needs it; a wrong one is told by what starts that
    known.readyNode().catch(() => undefined)
  }
  return known
}

/** Whether anything has needed the heavy half yet. */
export const isLoaded = (): boolean => known !== undefined
