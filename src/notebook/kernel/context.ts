import type { OutputItems } from '../protocol'
import type { NotebookSession } from '../api/session'

/** What the cell API needs of the kernel that runs the cell. */
export interface KernelContext {
  /** The notebook's folder. */
  readonly base: string
  /** The notebook's name, '' when it has none yet. */
  readonly name: string
  /** Sessions that are open, oldest first. */
  readonly sessions: Set<NotebookSession>
  /** A person wants the cell to end. */
  readonly interrupted: boolean
  /** Work that must not be broken off in the middle. */
  working<T>(work: () => Promise<T>): Promise<T>
  /** Puts an output under the cell that runs. With `id`, `update` may follow. */
  show(items: OutputItems, id?: string): void
  update(id: string, items: OutputItems, final: boolean): void
  /** A name for displays that grow, unique in this kernel. */
  newId(): string
  /** The cell does not end before this has; when it fails, so does the cell. */
  waitFor(promise: Promise<unknown>): void
  /** Steps taken by the cell, for its status line. */
  countSteps(steps: number, ms: number): void
  /** Said behind the cell's time. */
  note(text: string): void
  /** One run of one cell. */
  cellKey(): string
  /** How messages name the cell that runs: `cell 3`. */
  cellLabel(): string
  /** Name of the variable that holds a value. */
  nameOf(value: unknown): string | undefined
  setVariable(name: string, value: unknown): void
  getVariable(name: string): unknown
}
