import { basename } from 'node:path'
import { parse, type ParseError, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import { catalog } from '../../engine/strategies/catalog'
import { ownOptions } from '../../own/options'
import { parseRunFile, UserError, suggest } from '../../spec'
import type * as Cell from '../cellApi'
import { itemsOf } from '../kernel/values'
import type { KernelContext } from '../kernel/context'
import { openFile } from './globals'
import { compareSessions } from './compare'
import { NotebookSession } from './session'
import type { WrittenSpec } from './specs'

const patterns = z.array(z.string().min(1)).min(1)
const variable = z.string().regex(/^[A-Za-z_$][\w$]*$/, 'a name of letters and digits')

/** What can be shown of a session without code. */
const SHOWS = ['curves', 'freezeMap', 'layers', 'predictions', 'gradients', 'batch', 'metrics'] as const

/**
 * A cell without code that goes on with a session. All fields are optional; they are done in this order. A cell with
 * fields of a run file begins a session instead, and may have `session`, `take` and `show` beside them.
 */
export const jsonCellSchema = z.strictObject({
  session: variable.optional().describe('Which session, by its name; default `session`'),
  file: z.string().min(1).optional().describe('A run file beside the notebook: begins a session from it'),
  at: z
    .int()
    .min(0)
    .optional()
    .describe('Goes back to the state after so many steps, as a session of its own (see `as`)'),
  fork: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'Goes on as a new session with what is said here otherwise, for example `{"strategy": "l2-sp", "alpha": 1}`',
    ),
  as: variable.optional().describe('Name of the session that `at` or `fork` makes; default `fork`'),
  rate: z.number().min(0).optional().describe('Learning rate of the backbone from here on'),
  freeze: patterns.optional().describe('Stages, layers or parameters that stop training here'),
  unfreeze: patterns.optional().describe('Stages, layers or parameters that train from here on'),
  take: z
    .union([z.int().min(1), z.literal('all')])
    .optional()
    .describe('Training steps to take now; `"all"` takes what is left and evaluates'),
  show: z
    .array(z.enum(SHOWS))
    .optional()
    .describe(
      'What to show after it: `curves`, `freezeMap`, `layers`, `predictions`, `gradients`, `batch`, `metrics`',
    ),
  compare: z.tuple([variable, variable]).optional().describe('Two sessions to show side by side'),
  save: z.string().min(1).optional().describe('Writes the session as a run file of this name'),
})

export type JsonCell = z.output<typeof jsonCellSchema>

const OWN_KEYS = Object.keys(jsonCellSchema.shape)
/** Fields that only a run file has; `freeze` is a list of phases there. */
const RUN_FILE_KEYS = ['$schema', 'name', 'model', 'data', 'strategy', 'train', 'backend', 'device', 'cache']

/** Runs a cell of run-file JSON. @throws UserError with line and column of what is wrong */
export async function runJsonCell(context: KernelContext, text: string): Promise<unknown> {
  const value = readJson(text)
  const keys = Object.keys(value)
  const beginsRun = keys.some((key) => RUN_FILE_KEYS.includes(key))
  if (!beginsRun) {
    const stray = keys.find((key) => !OWN_KEYS.includes(key))
    if (stray !== undefined) {
      const near = suggest(stray, [...OWN_KEYS, ...RUN_FILE_KEYS])
      throw new UserError(
        `"${stray}" is no field of such a cell; ${near ? `did you mean "${near}"?` : `write one of ${OWN_KEYS.join(', ')}, or fields of a run file`}`,
      )
    }
    return goOn(context, check(value))
  }
  const own = check(
    Object.fromEntries(Object.entries(value).filter(([key]) => OWN_KEYS.includes(key) && key !== 'freeze')),
  )
  const file = Object.fromEntries(
    Object.entries(value).filter(([key]) => !OWN_KEYS.includes(key) || key === 'freeze'),
  )
  const name = own.session ?? 'session'
  await replaceSession(context, name)
  const session = await begin(context, file, text)
  context.setVariable(name, session)
  // such a cell is a run: it goes to its end unless it says otherwise
  return goOn(context, { take: own.take ?? 'all', ...own, session: name }, session)
}

function check(value: unknown): JsonCell {
  const parsed = jsonCellSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new UserError(`${issue.path.join('.')}: ${issue.message}`)
}

function readJson(text: string): Record<string, unknown> {
  const errors: ParseError[] = []
  const value = parse(text, errors, { allowTrailingComma: true }) as unknown
  const [first] = errors
  if (first) {
    const before = text.slice(0, first.offset).split('\n')
    throw new UserError(
      `This is not JSON at line ${before.length}, column ${before.at(-1)!.length + 1} (${printParseErrorCode(first.error)}); write a run file, or change the cell's language to TypeScript`,
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError('Write `{ … }`: fields of a run file, or `{ "take": 10 }` to go on with the session.')
  return value as Record<string, unknown>
}

async function begin(context: KernelContext, written: WrittenSpec, text: string): Promise<NotebookSession> {
  const { spec, problems } = parseRunFile(JSON.stringify(written), {
    file: 'cell',
    strategies: catalog,
    own: ownOptions(context.base),
  })
  if (!spec) {
    // the fields of the notebook's own are not known to the run file, so places come from the whole text
    const { placeOf } = await import('../../spec')
    const said = problems
      .filter(({ severity }) => severity === 'error')
      .map(({ path, message, hint }) => {
        const { line, column } = placeOf(text, path)
        return `line ${line}, column ${column}, ${path}: ${message}${hint ? `; ${hint}` : ''}`
      })
    throw new UserError(said.join('\n'))
  }
  const session = new NotebookSession(context, {
    read: { written, spec },
    base: context.base,
    name: spec.name ?? (context.name ? basename(context.name, '.thawnb') : undefined),
  })
  await session.ready
  return session
}

/** A name that is used again lets go of its memory: a beginner runs a cell many times. */
async function replaceSession(context: KernelContext, name: string): Promise<void> {
  const before = context.getVariable(name)
  if (before instanceof NotebookSession) await before.close()
}

async function goOn(context: KernelContext, cell: JsonCell, begun?: NotebookSession): Promise<unknown> {
  const { session: name = 'session', file, at, fork, as = 'fork', take, show = [], compare, save } = cell
  let session = begun
  if (file !== undefined) {
    await replaceSession(context, name)
    session = await openFile(context, file)
    context.setVariable(name, session)
  }
  const needs = at ?? fork ?? cell.rate ?? cell.freeze ?? cell.unfreeze ?? take ?? save ?? show[0]
  if (needs !== undefined) session ??= sessionCalled(context, name)
  if (session && at !== undefined) {
    const past = await session.at(at)
    if (fork === undefined) {
      await replaceSession(context, as)
      context.setVariable(as, past)
      session = past
    } else {
      const forked = past.fork(fork as Cell.ForkOptions)
      await forked.ready
      await past.close()
      await replaceSession(context, as)
      context.setVariable(as, forked)
      session = forked
    }
  } else if (session && fork !== undefined) {
    const forked = session.fork(fork as Cell.ForkOptions)
    await forked.ready
    await replaceSession(context, as)
    context.setVariable(as, forked)
    session = forked
  }
  if (session) {
    if (cell.rate !== undefined) session.rate = cell.rate
    if (cell.freeze) session.freeze(...cell.freeze)
    if (cell.unfreeze) session.unfreeze(...cell.unfreeze)
    if (take === 'all') await session.finish()
    else if (take !== undefined) await session.step(take)
    for (const what of show) context.show(await itemsOf(await looked(session, what)))
    if (save !== undefined) {
      await session.toRunFile(save)
      context.note(`saved ${save}`)
    }
  }
  if (!compare) return undefined
  return compareSessions(context, sessionCalled(context, compare[0]), sessionCalled(context, compare[1]))
}

function looked(session: NotebookSession, what: (typeof SHOWS)[number]): Promise<unknown> {
  switch (what) {
    case 'predictions':
      return session.predict()
    case 'metrics':
      return session.evaluate()
    default:
      return session[what]()
  }
}

function sessionCalled(context: KernelContext, name: string): NotebookSession {
  const value = context.getVariable(name)
  if (value instanceof NotebookSession) return value
  throw new UserError(
    `There is no session called "${name}" yet: run a cell with a run file first, for example { "strategy": "full", "take": 10 }.`,
  )
}
