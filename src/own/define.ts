import type { z } from 'zod'
import type { Strategy, StrategyMeta } from '../engine/strategies/types'

/** A strategy as a user writes it: facts for people are optional, and `plan` sees its options with their types. */
export interface OwnStrategy<S extends z.ZodObject = z.ZodObject> extends Omit<
  Strategy<z.output<S>>,
  'meta'
> {
  /** What a person reads; default the file's name. */
  title?: string
  summary?: string
  source?: string
  /** Options in run files; each with a default and `.describe()`. */
  options: S
  /** Options that make it plain full fine-tuning, bit for bit: `thaw check strategy` holds it to that (U2). */
  off?: z.input<S>
}

/** Gives a strategy its types; returns it as it is. */
export const defineStrategy = <S extends z.ZodObject>(strategy: OwnStrategy<S>): OwnStrategy<S> => strategy

/** What the catalogue says of it. @param name in run files */
export function metaOf(name: string, own: OwnStrategy): StrategyMeta {
  const { title = name.replace(/^.*\/|\.\w+$/g, ''), summary = 'A strategy of your own.' } = own
  return {
    name,
    title,
    type: 'baseline',
    summary,
    source: own.source ?? name,
    cost: '',
    options: own.options,
  }
}
