import { z } from 'zod'
import type { Strategy } from '../engine/strategies/types'
import { UserError } from '../spec/types'
import { defineStrategy, metaOf, type OwnStrategy } from './define'
import { evaluate, placed, type Modules } from './evaluate'
import { guard, guardObject } from './guard'
import { inert } from './inert'
import type { Sources } from './sources'

/** For what only declares: zod is real, ops and tensors are not there. */
const declaring: Modules = { thaw: { defineStrategy, z, UserError, ...inert } }

/**
 * What a script exports as its strategy, without any tensor library: enough for its options.
 * @throws UserError when it exports none
 */
export function readOwn(sources: Sources, modules: Modules = declaring): OwnStrategy {
  const exported = evaluate(sources, modules)
  const own = exported.default ?? exported.strategy
  const { entry } = sources
  if (typeof own !== 'object' || own === null)
    throw new UserError(`${entry}: it exports no strategy; write \`export default defineStrategy({ … })\``)
  const { plan, options } = own as Partial<OwnStrategy>
  if (typeof plan !== 'function')
    throw new UserError(
      `${entry}: the strategy has no \`plan\`; write \`plan: ({ steps }) => [ … ]\` (phases)`,
    )
  if (!(options instanceof z.ZodObject))
    throw new UserError(`${entry}: \`options\` is no zod object; write \`options: z.strictObject({ … })\``)
  return own as OwnStrategy
}

/** The strategy as the engine runs it; its errors name lines of the script. @param name in run files */
export const loadOwn = (name: string, sources: Sources, modules: Modules): Strategy =>
  toStrategy(name, readOwn(sources, modules), sources)

/** As `loadOwn`, of what a script has exported already. */
export function toStrategy(name: string, own: OwnStrategy, sources: Sources): Strategy {
  const meta = metaOf(name, own)
  const { off: _off, title: _title, summary: _summary, source: _source, options: _options, ...rest } = own
  const guarded = guard(sources, rest)
  return {
    ...guarded,
    meta,
    plan: (context, options) => guard(sources, guarded.plan(context, options as never)),
    ...(own.create && {
      create: (context, options) =>
        guardObject(
          sources,
          placed(sources, () => own.create!(context, options as never)),
        ),
    }),
  } as Strategy
}
