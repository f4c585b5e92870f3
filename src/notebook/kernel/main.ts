import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node.js'
import { getHeapStatistics } from 'node:v8'
import { createGlobals } from '../api/globals'
import { runJsonCell } from '../api/jsonCell'
import { membersOf, pathBefore } from '../completion'
import { Interrupted } from '../interrupted'
import {
  KernelMethod,
  type CompleteParams,
  type CompleteResult,
  type ExecuteParams,
  type KernelOutput,
  type MemoryUse,
  type ReadyParams,
  type RunFileParams,
  type RunFileResult,
  type SessionsResult,
  type ShowParams,
  type ShowResult,
  type VariablesResult,
} from '../protocol'
import type { NotebookSession } from '../api/session'
import { CellRunner, type RunningCell } from './cells'
import type { KernelContext } from './context'
import { Interrupts } from './interrupts'
import { Modules } from './modules'
import { ConsoleStream } from './stream'
import { describeVariable, itemsOf } from './values'
import { UserError } from '../../spec/types'

/** The kernel: a process of its own that runs cells one after the other and ends with its front end. */
const [base = process.cwd(), name = '', pipe] = process.argv.slice(2)
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process))
const scope = globalThis as unknown as Record<string, unknown>

const tell = (cell: string, output: KernelOutput): void =>
  void connection.sendNotification(KernelMethod.output, { cell, output }).catch(() => undefined)

const stream = new ConsoleStream(tell, (text) => process.stderr.write(text))
const interrupts = new Interrupts(pipe === undefined ? undefined : Number(pipe))
const modules = new Modules(base, { thaw: () => import('../../own/api') })
const sessions = new Set<NotebookSession>()
let ids = 0

const runner = new CellRunner(interrupts, stream, modules, (text) => runJsonCell(context, text), tell)
const here = (): RunningCell | undefined => runner.last

const context: KernelContext = {
  base,
  name,
  sessions,
  get interrupted() {
    return interrupts.interrupted
  },
  working: (work) => interrupts.working(work),
  show: (items, id) => {
    const cell = here()
    if (cell) runner.showIn(cell.cell, items, id)
  },
  update: (id, items, final) => {
    const cell = here()
    if (cell) runner.update(cell.cell, id, items, final)
  },
  newId: () => `${process.pid}-${++ids}`,
  waitFor: (promise) => {
    promise.catch(() => undefined)
    here()?.waits.push(promise)
  },
  countSteps: (steps, ms) => {
    const cell = here()
    if (!cell) return
    cell.steps += steps
    cell.stepMs += ms
  },
  note: (text) => void here()?.notes.push(text),
  cellKey: () => String(here()?.number ?? 0),
  cellLabel: () => here()?.label ?? 'a cell',
  nameOf: (value) => [...runner.declaredBy.keys()].find((known) => scope[known] === value),
  setVariable: (variable, value) => {
    scope[variable] = value
    runner.declaredBy.set(variable, here()?.cell ?? '')
  },
  getVariable: (variable) => scope[variable],
}

scope.console = stream.console()
const globals = createGlobals(context)
for (const [key, value] of Object.entries(globals))
  Object.defineProperty(scope, key, { value, writable: true, configurable: true, enumerable: false })

function memory(): MemoryUse {
  const { rss, heapUsed } = process.memoryUsage()
  const all = [...sessions].map((session) => session.memory())
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0)
  return {
    resident: rss,
    heapUsed,
    heapLimit: getHeapStatistics().heap_size_limit,
    tensors: all[0]?.tensors ?? 0,
    tensorBytes: all[0]?.tensorBytes ?? 0,
    checkpointBytes: sum(({ checkpointBytes }) => checkpointBytes),
    checkpointLimit: sum(({ checkpointLimit }) => checkpointLimit),
  }
}

const tellMemory = () =>
  void connection.sendNotification(KernelMethod.memory, memory()).catch(() => undefined)

/** Sessions look between cells whether somebody changed their weights; the next cell waits until they have. */
let between: Promise<void> = Promise.resolve()

connection.onRequest(KernelMethod.execute, async (params: ExecuteParams) => {
  await between
  const watch = setInterval(tellMemory, 1000)
  try {
    const result = await runner.execute(params)
    const { label = params.cell } = params
    // after the answer has left: the front end does not wait for it
    between = new Promise<void>((resolve) => setTimeout(resolve, 0)).then(async () => {
      for (const session of sessions) session.cellEnded(label)
      tellMemory()
    })
    return result
  } finally {
    clearInterval(watch)
  }
})

connection.onRequest(KernelMethod.complete, ({ code, offset }: CompleteParams): CompleteResult => {
  const found = pathBefore(code, offset)
  return { names: found ? membersOf(scope, found.path) : [] }
})

connection.onRequest(KernelMethod.variables, (): VariablesResult => ({
  variables: [...runner.declaredBy]
    .filter(([variable]) => variable in scope)
    .map(([variable, cell]) => ({ ...describeVariable(variable, scope[variable]), cell })),
}))

connection.onRequest(KernelMethod.show, async ({ name: variable }: ShowParams): Promise<ShowResult> => {
  if (!runner.declaredBy.has(variable)) return {}
  return { items: await itemsOf(scope[variable]) }
})

connection.onRequest(KernelMethod.sessions, (): SessionsResult => ({
  sessions: [...sessions].map((session) => ({
    variable: context.nameOf(session),
    name: session.name,
    runId: session.runId,
    folder: session.folder,
    step: session.steps,
    steps: session.planned,
  })),
}))

connection.onRequest(KernelMethod.runFile, async ({ session }: RunFileParams): Promise<RunFileResult> => {
  await between
  const wanted =
    session === undefined ? [...sessions].at(-1) : (scope[session] as NotebookSession | undefined)
  if (!wanted || !sessions.has(wanted)) {
    const message =
      session === undefined
        ? 'There is no open session: run the cells first.'
        : `There is no open session called "${session}".`
    return { ok: false, message }
  }
  try {
    return { ok: true, text: await wanted.toRunFile(), name: context.nameOf(wanted) ?? wanted.name, base }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { ok: false, message: error.message }
  }
})

connection.onNotification(KernelMethod.interrupt, () => interrupts.ask())

function tellStray(error: unknown): void {
  if (error instanceof Interrupted) return
  const cell = here()
  stream.flush()
  if (cell) tell(cell.cell, runner.places.failure(error, cell))
  else process.stderr.write(`${String(error)}\n`)
}
process.on('unhandledRejection', tellStray).on('uncaughtException', tellStray)
// an interrupt of the terminal goes to the whole group; the front end says what it means
process.on('SIGINT', () => undefined)
process.on('disconnect', () => void shutDown())

async function shutDown(): Promise<void> {
  // nobody waits for what a cell still does
  await interrupts.end(() => Promise.allSettled([...sessions].map((session) => session.close())))
  process.exit(0)
}

connection.listen()
void connection.sendNotification(KernelMethod.ready, {
  pid: process.pid,
  node: process.version,
  ms: performance.now(),
} satisfies ReadyParams)

// the first cell most likely needs the engine: it is read while the person's editor still writes the request
setTimeout(() => void import('../../engine/train').catch(() => undefined), 0)
