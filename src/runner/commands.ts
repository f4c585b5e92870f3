import { z } from 'zod'
import type { ControlCommand } from '../engine/train/types'

const layers = z.array(z.string().max(500)).min(1).max(10_000)

/** What may come in from outside. */
export const commandSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('pause') }),
  z.strictObject({ do: z.literal('resume') }),
  z.strictObject({ do: z.literal('step'), count: z.int().min(1).max(1_000_000) }),
  z.strictObject({ do: z.literal('stop') }),
  z.strictObject({ do: z.literal('rate'), factor: z.number().min(0).max(1000) }),
  z.strictObject({ do: z.literal('freeze'), layers }),
  z.strictObject({ do: z.literal('unfreeze'), layers }),
  z.strictObject({ do: z.literal('checkpoint') }),
  z.strictObject({ do: z.literal('evaluate') }),
]) satisfies z.ZodType<ControlCommand>

export const requestSchema = z.strictObject({ command: commandSchema, source: z.string().max(100) })

/** Methods of the control channel, in the order in which they must come: `hello` with the token first. */
export const Method = { hello: 'hello', command: 'command' } as const
