import type { KernelProcess, KernelProcessEvents } from './kernelProcess'
import {
  INTERRUPT_MS,
  kernelOff,
  reduceKernel,
  statusOf,
  type CellNews,
  type KernelCommand,
  type KernelEvent,
  type KernelState,
} from './kernelMachine'
import type {
  CellLanguage,
  CompleteResult,
  KernelOutput,
  KernelStatus,
  RunFileResult,
  SessionsResult,
  ShowResult,
  VariablesResult,
} from './protocol'

export interface CellToRun {
  cell: string
  code: string
  language: CellLanguage
  /** How messages name it: `cell 3`. */
  label: string
}

/** What a front end has to show. Calls for one cell come in order: queued, started, outputs, then one of the ends. */
export interface KernelHostEvents {
  onCell(cell: string, news: CellNews): void
  onOutput(cell: string, output: KernelOutput): void
  onStatus(status: KernelStatus): void
}

/** Starts a kernel process; `startKernel` of kernelProcess.ts, or what a test puts in its place. */
export type StartKernel = (events: KernelProcessEvents) => KernelProcess

/** The thin part beside `kernelMachine.ts`: one notebook's kernel, with its queue, over several processes. */
export class KernelHost {
  private machine: KernelState = kernelOff
  private process?: KernelProcess
  private overdue?: NodeJS.Timeout
  private batches = 0

  constructor(
    private readonly start: StartKernel,
    private readonly events: KernelHostEvents,
  ) {}

  get status(): KernelStatus {
    return statusOf(this.machine)
  }

  /** Puts cells into the queue and starts the kernel when there is none. When one fails, the rest of these is dropped. */
  run(cells: readonly CellToRun[]): void {
    const batch = ++this.batches
    this.tell({ type: 'run', cells: cells.map((cell) => ({ ...cell, batch })) })
  }

  /** Takes cells that still wait out of the queue. */
  withdraw(cells: readonly string[]): void {
    this.tell({ type: 'withdraw', cells: [...cells] })
  }

  /** Ends the running cell at the next step border and drops what waits. */
  interrupt(): void {
    this.tell({ type: 'interrupt' })
  }

  restart(): void {
    this.tell({ type: 'restart' })
  }

  /** Ends the process; resolves when it is gone. */
  async close(): Promise<void> {
    const gone = this.process?.gone
    this.tell({ type: 'shut-down' })
    await gone
  }

  complete(code: string, offset: number): Promise<CompleteResult> {
    return this.process?.complete({ code, offset }) ?? Promise.resolve({ names: [] })
  }

  variables(): Promise<VariablesResult> {
    return this.process?.variables() ?? Promise.resolve({ variables: [] })
  }

  show(name: string): Promise<ShowResult> {
    return this.process?.show({ name }) ?? Promise.resolve({})
  }

  sessions(): Promise<SessionsResult> {
    return this.process?.sessions() ?? Promise.resolve({ sessions: [] })
  }

  runFile(session?: string): Promise<RunFileResult> {
    const none = { ok: false as const, message: 'There is no session yet: run the cells first.' }
    return this.process?.runFile({ session }) ?? Promise.resolve(none)
  }

  private tell(event: KernelEvent): void {
    const { state, commands } = reduceKernel(this.machine, event)
    this.machine = state
    for (const command of commands) this.perform(command)
  }

  private perform(command: KernelCommand): void {
    switch (command.do) {
      case 'start-process':
        return this.startProcess(command.life)
      case 'execute':
        return this.execute(command)
      case 'interrupt-process':
        this.process?.interrupt()
        clearTimeout(this.overdue)
        this.overdue = setTimeout(
          () => this.tell({ type: 'interrupt-overdue', life: command.life }),
          INTERRUPT_MS,
        )
        return
      case 'end-process':
        clearTimeout(this.overdue)
        this.process?.end(command.gently)
        this.process = undefined
        return
      case 'tell-cell':
        if (command.event.type === 'ended' || command.event.type === 'lost') clearTimeout(this.overdue)
        return this.events.onCell(command.cell, command.event)
      case 'tell-status':
        return this.events.onStatus(this.status)
    }
  }

  private startProcess(life: number): void {
    this.process = this.start({
      onReady: (pid) => this.tell({ type: 'ready', life, pid }),
      onOutput: (cell, output) => {
        if (this.machine.life === life) this.events.onOutput(cell, output)
      },
      onMemory: (memory) => this.tell({ type: 'memory', life, memory }),
      onEnd: (failure, why) => {
        if (this.machine.life === life) this.process = undefined
        this.tell({ type: 'process-ended', life, failure, why })
      },
    })
  }

  private execute({ life, cell }: Extract<KernelCommand, { do: 'execute' }>): void {
    const { cell: id, code, language, label } = cell
    this.process!.execute({ cell: id, code, language, label }).then(
      (result) => this.tell({ type: 'cell-ended', life, cell: id, result }),
      // its process is gone, which `onEnd` tells with the reason
      () => undefined,
    )
  }
}
