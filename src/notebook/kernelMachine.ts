import type { MachineFailure } from './failures'
import type { CellLanguage, ExecuteResult, KernelStatus, MemoryUse } from './protocol'

/**
 * A notebook's kernel seen from a front end, as a pure machine: what the person, the process and the clock do goes in,
 * what has to be done comes out. The queue lives here, so that it survives the process.
 */
export interface KernelState {
  state: KernelStatus['state']
  /** Counts processes: an event of an older one is ignored. */
  life: number
  running?: QueuedCell
  queue: QueuedCell[]
  pid?: number
  memory?: MemoryUse
  why?: string
  failure?: MachineFailure
}

export interface QueuedCell {
  cell: string
  code: string
  language: CellLanguage
  label: string
  /** Cells that were asked for together: when one fails, those of its batch that follow are dropped. */
  batch: number
}

export type KernelEvent =
  | { type: 'run'; cells: QueuedCell[] }
  /** Takes cells that still wait out of the queue. */
  | { type: 'withdraw'; cells: string[] }
  | { type: 'interrupt' }
  /** The running cell did not end in time after an interrupt. */
  | { type: 'interrupt-overdue'; life: number }
  | { type: 'restart' }
  | { type: 'shut-down' }
  | { type: 'ready'; life: number; pid: number }
  | { type: 'memory'; life: number; memory: MemoryUse }
  | { type: 'cell-ended'; life: number; cell: string; result: ExecuteResult }
  | { type: 'process-ended'; life: number; failure: MachineFailure; why: string }

export type KernelCommand =
  | { do: 'start-process'; life: number }
  | { do: 'execute'; life: number; cell: QueuedCell }
  /** Asks the process, and starts the clock of `interrupt-overdue`. */
  | { do: 'interrupt-process'; life: number }
  /** Ends the process in order, or at once. */
  | { do: 'end-process'; life: number; gently: boolean }
  | { do: 'tell-cell'; cell: string; event: CellNews }
  | { do: 'tell-status' }

/** What the front end shows of a cell beside its outputs. */
export type CellNews =
  | { type: 'queued' }
  | { type: 'started' }
  | { type: 'ended'; result: ExecuteResult }
  /** It never began: dropped after an error, an interrupt or a restart. */
  | { type: 'dropped' }
  /** The process ended under it. */
  | { type: 'lost'; failure: MachineFailure; why: string }

/** Milliseconds that code has to react to an interrupt before its process is ended. */
export const INTERRUPT_MS = 10_000

export const kernelOff: KernelState = { state: 'off', life: 0, queue: [] }

type Step = { state: KernelState; commands: KernelCommand[] }

const drop = (cells: readonly QueuedCell[]): KernelCommand[] =>
  cells.map(({ cell }) => ({ do: 'tell-cell', cell, event: { type: 'dropped' } }))

export function reduceKernel(state: KernelState, event: KernelEvent): Step {
  const step = decide(state, event)
  // whatever happened: a kernel that can work takes what waits
  const { state: after, commands } = next(step)
  const changed = after !== state
  return { state: after, commands: changed ? [...commands, { do: 'tell-status' }] : commands }
}

function decide(state: KernelState, event: KernelEvent): Step {
  if ('life' in event && event.life !== state.life) return { state, commands: [] }
  switch (event.type) {
    case 'run':
      return run(state, event.cells)
    case 'withdraw': {
      const out = new Set(event.cells)
      const dropped = state.queue.filter(({ cell }) => out.has(cell))
      if (dropped.length === 0) return { state, commands: [] }
      return {
        state: { ...state, queue: state.queue.filter(({ cell }) => !out.has(cell)) },
        commands: drop(dropped),
      }
    }
    case 'interrupt':
      return interrupt(state)
    case 'interrupt-overdue':
      if (state.state !== 'interrupting') return { state, commands: [] }
      return end(state, {
        failure: 'not-responding',
        why: 'The code did not react to the interrupt, so its kernel was ended. What cells had made is gone; run them again.',
        kill: true,
      })
    case 'restart':
      return restart(state)
    case 'shut-down':
      return end(state, { failure: 'killed', why: 'The kernel was shut down.', kill: false, off: true })
    case 'ready':
      return state.state === 'starting'
        ? { state: { ...state, state: 'idle', pid: event.pid }, commands: [] }
        : { state, commands: [] }
    case 'memory':
      return { state: { ...state, memory: event.memory }, commands: [] }
    case 'cell-ended':
      return cellEnded(state, event.cell, event.result)
    case 'process-ended':
      return end(state, { failure: event.failure, why: event.why, kill: false })
  }
}

function run(state: KernelState, cells: readonly QueuedCell[]): Step {
  // a cell that waits already is not put in a second time; its text is the newest
  const fresh = cells.filter(({ cell }) => !state.queue.some((one) => one.cell === cell))
  const queue = [...state.queue.map((one) => cells.find(({ cell }) => cell === one.cell) ?? one), ...fresh]
  if (cells.length === 0) return { state, commands: [] }
  return {
    state: { ...state, queue },
    commands: fresh.map(({ cell }) => ({ do: 'tell-cell', cell, event: { type: 'queued' } })),
  }
}

function interrupt(state: KernelState): Step {
  const commands = drop(state.queue)
  const emptied = state.queue.length > 0 ? { ...state, queue: [] } : state
  if (state.state !== 'busy') return { state: emptied, commands }
  return {
    state: { ...emptied, state: 'interrupting' },
    commands: [...commands, { do: 'interrupt-process', life: state.life }],
  }
}

function restart(state: KernelState): Step {
  if (state.state === 'off' || state.state === 'lost')
    return { state: { ...kernelOff, life: state.life, queue: state.queue }, commands: [] }
  const ended = end(state, {
    failure: 'killed',
    why: 'The kernel was restarted; what cells had made is gone.',
    kill: false,
    off: true,
  })
  const life = state.life + 1
  return {
    state: { ...ended.state, state: 'starting', life },
    commands: [...ended.commands, { do: 'start-process', life }],
  }
}

/** The process is gone, or has to go: so is what it ran. What waited would meet an empty kernel, so it is dropped. */
function end(
  state: KernelState,
  how: { failure: MachineFailure; why: string; kill: boolean; off?: boolean },
): Step {
  if (state.state === 'off' || state.state === 'lost')
    return { state: how.off ? { ...kernelOff, life: state.life } : state, commands: [] }
  const { failure, why } = how
  const commands: KernelCommand[] = []
  if (how.kill || how.off) commands.push({ do: 'end-process', life: state.life, gently: !how.kill })
  if (state.running)
    commands.push({ do: 'tell-cell', cell: state.running.cell, event: { type: 'lost', failure, why } })
  commands.push(...drop(state.queue))
  const base: KernelState = { state: 'off', life: state.life, queue: [] }
  return { state: how.off ? base : { ...base, state: 'lost', why, failure }, commands }
}

function cellEnded(state: KernelState, cell: string, result: ExecuteResult): Step {
  if (state.running?.cell !== cell) return { state, commands: [] }
  const { running, ...rest } = state
  const commands: KernelCommand[] = [{ do: 'tell-cell', cell, event: { type: 'ended', result } }]
  const dropped = result.ok ? [] : state.queue.filter(({ batch }) => batch === running.batch)
  return {
    state: { ...rest, state: 'idle', queue: state.queue.filter((one) => !dropped.includes(one)) },
    commands: [...commands, ...drop(dropped)],
  }
}

/** Starts a process for what waits, or gives it the next cell. */
function next({ state, commands }: Step): Step {
  const [cell, ...queue] = state.queue
  if (!cell) return { state, commands }
  if (state.state === 'off' || state.state === 'lost') {
    const life = state.life + 1
    return {
      state: { state: 'starting', life, queue: state.queue },
      commands: [...commands, { do: 'start-process', life }],
    }
  }
  if (state.state !== 'idle') return { state, commands }
  return {
    state: { ...state, state: 'busy', running: cell, queue },
    commands: [
      ...commands,
      { do: 'tell-cell', cell: cell.cell, event: { type: 'started' } },
      { do: 'execute', life: state.life, cell },
    ],
  }
}

export function statusOf(state: KernelState): KernelStatus {
  const { running, queue, pid, memory, why, failure } = state
  return {
    state: state.state,
    queued: queue.map(({ cell }) => cell),
    ...(running && { cell: running.cell }),
    ...(pid !== undefined && { pid }),
    ...(memory && { memory }),
    ...(why !== undefined && { why }),
    ...(failure && { failure }),
  }
}
