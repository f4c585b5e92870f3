import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import vm from 'node:vm'
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node.js'
import { UserError } from '../spec/types'
import { createApi, DISPLAY } from './api'
import { membersOf, pathBefore } from './completion'
import {
  KernelMethod,
  type CompleteParams,
  type CompleteResult,
  type ExecuteParams,
  type ExecuteResult,
  type KernelOutput,
} from './protocol'
import { compileCell } from './transform'

/** The kernel: a process of its own that runs cells one after the other and ends with its editor. */
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process))
let current = ''
let interrupted = false

const tell = (output: KernelOutput): void =>
  void connection.sendNotification(KernelMethod.output, { cell: current, output })

const stream = (name: 'out' | 'error') =>
  new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      tell({ type: 'text', stream: name, text: String(text) })
      done()
    },
  })

const scope = globalThis as unknown as Record<string, unknown>
scope.console = new Console(stream('out'), stream('error'))
scope.thaw = createApi(process.argv[2] ?? process.cwd(), () => interrupted)

connection.onRequest(KernelMethod.execute, async ({ cell, code }: ExecuteParams): Promise<ExecuteResult> => {
  current = cell
  interrupted = false
  const began = performance.now()
  const ms = () => performance.now() - began
  try {
    const script = new vm.Script(compileCell(code), {
      filename: 'cell',
      importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    const result = (await script.runInThisContext({ breakOnSigint: true })) as { value: unknown } | undefined
    if (result && result.value !== undefined) tell({ type: 'result', items: itemsOf(result.value) })
    return { ok: true, ms: ms(), steps: 0 }
  } catch (error) {
    tell(failure(error))
    return { ok: false, ms: ms(), steps: 0 }
  }
})

connection.onRequest(KernelMethod.complete, ({ code, offset }: CompleteParams): CompleteResult => {
  const found = pathBefore(code, offset)
  return { names: found ? membersOf(scope, found.path) : [] }
})

const interrupt = () => (interrupted = true)
connection.onNotification(KernelMethod.interrupt, interrupt)
process.on('SIGINT', interrupt)
process.on('disconnect', () => process.exit(0))
process.on('unhandledRejection', (error) => tell(failure(error)))
connection.listen()

function itemsOf(value: unknown): Record<string, unknown> {
  const shown =
    typeof value === 'object' && value !== null ? (value as Record<symbol, unknown>)[DISPLAY] : undefined
  if (shown) return shown as Record<string, unknown>
  return { 'text/plain': typeof value === 'string' ? value : inspect(value, { depth: 3 }) }
}

/** A person's own error keeps its stack; ours is a sentence. */
function failure(error: unknown): KernelOutput {
  if (!(error instanceof Error)) return { type: 'failure', name: 'Error', message: inspect(error), stack: '' }
  const own = error instanceof UserError || error.name === 'Interrupted' || error instanceof SyntaxError
  const broken = (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED'
  return {
    type: 'failure',
    name: broken ? 'Interrupted' : error.name,
    message: broken ? 'Interrupted.' : error.message,
    stack:
      own || broken
        ? ''
        : (error.stack ?? '')
            .split('\n')
            .filter((line) => !line.includes('kernel.js'))
            .join('\n'),
  }
}
