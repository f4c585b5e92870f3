import { join } from 'node:path'
import type { StrategyOptions } from '../spec'
import { metaOf } from './define'
import { readOwn } from './load'
import { readSources } from './sources'

/** Reads the options of a user's own strategy beside a run file, for `parseRunFile`. @throws UserError */
export const ownOptions =
  (base: string) =>
  (name: string): StrategyOptions =>
    metaOf(name, readOwn(readSources(join(base, name))))
