import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node.js'
import { bundleFile } from '../runner/bundles'
import { findNode } from '../runner/nodeBinary'
import {
  KernelMethod,
  type CompleteResult,
  type ExecuteResult,
  type KernelOutput,
  type OutputParams,
} from './protocol'

export interface KernelOptions {
  /** The notebook's folder. */
  base: string
  onOutput(cell: string, output: KernelOutput): void
  onLost(why: string): void
  log(text: string): void
}

/** A kernel process and the line to it. */
export class KernelClient {
  private readonly child: ChildProcess
  private readonly connection: MessageConnection
  private closing = false

  constructor(options: KernelOptions) {
    const node = findNode()
    this.child = spawn(node.path, [bundleFile('kernel.js'), options.base], {
      cwd: options.base,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...node.env },
      windowsHide: true,
    })
    options.log(`kernel started: process ${this.child.pid ?? 'unknown'}, folder ${options.base}`)
    let last = ''
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        last = chunk.toString().trim().slice(-500)
        options.log(`kernel ${this.child.pid}: ${last}`)
      })
    this.child.on('error', (error) => options.onLost(`The kernel did not start: ${error.message}`))
    this.child.on('exit', (code, signal) => {
      options.log(`kernel ended: process ${this.child.pid}, ${signal ?? `code ${code}`}`)
      this.connection.dispose()
      if (!this.closing) options.onLost(`The kernel ended (${signal ?? `code ${code}`}). ${last}`.trim())
    })
    this.connection = createMessageConnection(
      new IPCMessageReader(this.child),
      new IPCMessageWriter(this.child),
    )
    this.connection.onNotification(KernelMethod.output, ({ cell, output }: OutputParams) =>
      options.onOutput(cell, output),
    )
    this.connection.listen()
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  execute(cell: string, code: string): Promise<ExecuteResult> {
    return this.connection.sendRequest(KernelMethod.execute, { cell, code })
  }

  complete(code: string, offset: number): Promise<CompleteResult> {
    return this.connection.sendRequest(KernelMethod.complete, { code, offset })
  }

  /** Ends the cell at the next step; code that never comes up for air is broken off by the signal. */
  interrupt(): void {
    void this.connection.sendNotification(KernelMethod.interrupt)
    if (process.platform !== 'win32') this.child.kill('SIGINT')
  }

  async close(): Promise<void> {
    this.closing = true
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.disconnect()
    await Promise.race([gone, sleep(1000)])
    this.child.kill('SIGKILL')
  }
}
