import type { KernelOutput, OutputItems } from './protocol'

/**
 * The life of one cell's run, as a pure machine: what the kernel and the person do goes in, what the editor has to
 * do comes out.
 */
export type CellRun =
  | { state: 'queued' }
  | { state: 'running'; order: number; interrupting: boolean; text?: string }
  | { state: 'ended'; ok: boolean }

export type CellEvent =
  | { type: 'start'; order: number }
  | { type: 'output'; output: KernelOutput }
  | { type: 'interrupt' }
  | { type: 'done'; ok: boolean }
  /** The kernel's process is gone. */
  | { type: 'kernel-lost'; why: string }

export type CellEffect =
  | { do: 'start'; order: number }
  | { do: 'clear' }
  | { do: 'append'; items: OutputItems; id?: string }
  /** New content for the output that was appended with this id: in place, so that nothing flickers. */
  | { do: 'update'; id: string; items: OutputItems; final: boolean }
  /** Puts text into the stream output that is last, instead of making another. */
  | { do: 'replace-text'; text: string }
  | { do: 'append-error'; name: string; message: string; stack: string }
  | { do: 'ask-interrupt' }
  | { do: 'end'; ok: boolean | undefined }

export const queued: CellRun = { state: 'queued' }

export function reduceCell(run: CellRun, event: CellEvent): { run: CellRun; effects: CellEffect[] } {
  if (run.state === 'ended') return { run, effects: [] }
  if (event.type === 'start') {
    if (run.state !== 'queued') return { run, effects: [] }
    return {
      run: { state: 'running', order: event.order, interrupting: false },
      effects: [{ do: 'start', order: event.order }, { do: 'clear' }],
    }
  }
  if (run.state === 'queued') {
    // a cell that never began ends without a verdict
    const over = event.type === 'interrupt' || event.type === 'kernel-lost' || event.type === 'done'
    return over
      ? { run: { state: 'ended', ok: false }, effects: [{ do: 'end', ok: undefined }] }
      : { run, effects: [] }
  }
  switch (event.type) {
    case 'output':
      return takeOutput(run, event.output)
    case 'interrupt':
      return run.interrupting
        ? { run, effects: [] }
        : { run: { ...run, interrupting: true }, effects: [{ do: 'ask-interrupt' }] }
    case 'done':
      return { run: { state: 'ended', ok: event.ok }, effects: [{ do: 'end', ok: event.ok }] }
    case 'kernel-lost':
      return {
        run: { state: 'ended', ok: false },
        effects: [
          { do: 'append-error', name: 'KernelEnded', message: event.why, stack: '' },
          { do: 'end', ok: false },
        ],
      }
  }
}

function takeOutput(
  run: Extract<CellRun, { state: 'running' }>,
  output: KernelOutput,
): { run: CellRun; effects: CellEffect[] } {
  if (output.type === 'text') {
    // one growing text instead of an output a line
    const text = (run.text ?? '') + output.text
    const effect: CellEffect =
      run.text === undefined ? { do: 'append', items: { 'text/plain': text } } : { do: 'replace-text', text }
    return { run: { ...run, text }, effects: [effect] }
  }
  // a display that grows above leaves the text that is last
  if (output.type === 'update') {
    const { id, items, final } = output
    return { run, effects: [{ do: 'update', id, items, final }] }
  }
  const next = { ...run, text: undefined }
  if (output.type === 'failure') return { run: next, effects: [{ do: 'append-error', ...pick(output) }] }
  const { items, id } = output
  return { run: next, effects: [{ do: 'append', items, ...(id !== undefined && { id }) }] }
}

const pick = ({ name, message, stack }: { name: string; message: string; stack: string }) => ({
  name,
  message,
  stack,
})
