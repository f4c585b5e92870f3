import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node.js'
import { bundleFile } from '../runner/bundles'
import { findNode } from '../runner/nodeBinary'
import { explainEnd, type MachineFailure } from './failures'
import {
  KernelMethod,
  type CompleteParams,
  type CompleteResult,
  type ExecuteParams,
  type ExecuteResult,
  type KernelOutput,
  type MemoryUse,
  type OutputParams,
  type ReadyParams,
  type RunFileParams,
  type RunFileResult,
  type SessionsResult,
  type ShowParams,
  type ShowResult,
  type VariablesResult,
} from './protocol'

export interface KernelProcessEvents {
  onReady(pid: number): void
  onOutput(cell: string, output: KernelOutput): void
  onMemory(memory: MemoryUse): void
  /** The process ended although nobody asked it to. */
  onEnd(failure: MachineFailure, why: string): void
}

export interface KernelPlace {
  /** The notebook's folder: relative paths and imports start from it. */
  base: string
  /** Notebook's name, for the runs that its sessions are. */
  name?: string
  log(text: string): void
}

/**
 * How long an orderly end may take: open sessions write their last checkpoint, which on a busy machine is no matter of
 * seconds. Nobody waits for it but `thaw nb run`.
 */
const END_MS = 60_000

/** How long the last words of a process that has ended may take. */
const LAST_WORDS_MS = 500

/** A pipe beside the messages: read by a thread, it reaches a kernel that is in an endless loop. */
const INTERRUPT_FD = 4

/** A kernel process and the line to it. */
export class KernelProcess {
  /** Resolves when it has ended. */
  readonly gone: Promise<void>
  private readonly child: ChildProcess
  private readonly connection: MessageConnection
  private closing = false

  constructor(place: KernelPlace, events: KernelProcessEvents) {
    const node = findNode()
    this.child = spawn(
      node.path,
      [bundleFile('kernel.js'), place.base, place.name ?? '', String(INTERRUPT_FD)],
      {
        cwd: place.base,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
        // structured clone carries what JSON cannot, and costs less
        serialization: 'advanced',
        env: { ...process.env, ...node.env },
        windowsHide: true,
      },
    )
    const { child } = this
    // a pipe to a process that is gone
    const pipe = child.stdio[INTERRUPT_FD] as Duplex | undefined
    pipe?.on('error', () => undefined)
    // nothing comes back on it, but its end has to be read for the process to count as closed
    pipe?.resume()
    place.log(`kernel started: process ${child.pid ?? 'unknown'}, ${node.origin}, folder ${place.base}`)
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000)
        place.log(`kernel ${child.pid}: ${chunk.toString().trim().slice(0, 2000)}`)
      })
    this.connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child))
    this.connection.onNotification(KernelMethod.ready, ({ pid }: ReadyParams) => events.onReady(pid))
    this.connection.onNotification(KernelMethod.output, ({ cell, output }: OutputParams) =>
      events.onOutput(cell, output),
    )
    this.connection.onNotification(KernelMethod.memory, (memory: MemoryUse) => events.onMemory(memory))
    // a message that could not be sent belongs to a process that is gone, which `exit` tells
    this.connection.onError(() => undefined)
    this.connection.listen()
    this.gone = new Promise((resolve) => {
      child.on('error', (error) => {
        events.onEnd('not-started', `The kernel did not start: ${error.message}`)
        resolve()
      })
      child.on('exit', (code, signal) => {
        // its last words may come a little later; 'close' itself does not come after a disconnect
        const lastWords = child.stderr && !child.stderr.closed ? once(child.stderr, 'close') : undefined
        void Promise.race([lastWords, sleep(LAST_WORDS_MS)]).then(() => {
          place.log(`kernel ended: process ${child.pid}, ${signal ?? `code ${code}`}`)
          this.connection.dispose()
          if (!this.closing) {
            const { failure, why } = explainEnd(code, signal, said)
            events.onEnd(failure, why)
          }
          resolve()
        })
      })
    })
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  execute(params: ExecuteParams): Promise<ExecuteResult> {
    return this.connection.sendRequest(KernelMethod.execute, params)
  }

  complete(params: CompleteParams): Promise<CompleteResult> {
    return this.connection.sendRequest(KernelMethod.complete, params)
  }

  variables(): Promise<VariablesResult> {
    return this.connection.sendRequest(KernelMethod.variables)
  }

  show(params: ShowParams): Promise<ShowResult> {
    return this.connection.sendRequest(KernelMethod.show, params)
  }

  sessions(): Promise<SessionsResult> {
    return this.connection.sendRequest(KernelMethod.sessions)
  }

  runFile(params: RunFileParams): Promise<RunFileResult> {
    return this.connection.sendRequest(KernelMethod.runFile, params)
  }

  /** Ends the cell at the next step; code that never comes up for air is broken off. */
  interrupt(): void {
    const pipe = this.child.stdio[INTERRUPT_FD] as Writable | undefined
    if (pipe?.writable) pipe.write('i')
    else void this.connection.sendNotification(KernelMethod.interrupt).catch(() => undefined)
  }

  /** @param gently open sessions end their runs first */
  end(gently: boolean): void {
    this.closing = true
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    if (!gently) return void this.child.kill('SIGKILL')
    const gone = once(this.child, 'exit')
    // code that never comes up for air would not hear of the end, and may only be about to begin
    const wake = setInterval(() => this.interrupt(), 1000).unref()
    this.interrupt()
    if (this.child.connected) this.child.disconnect()
    void Promise.race([gone, sleep(END_MS, undefined, { ref: false })]).then(() => {
      clearInterval(wake)
      this.child.kill('SIGKILL')
    })
  }
}

/** Gives `KernelHost` its processes. */
export const startKernel =
  (place: KernelPlace) =>
  (events: KernelProcessEvents): KernelProcess =>
    new KernelProcess(place, events)
