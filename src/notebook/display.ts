import type { OutputItems } from './protocol'

/** How a value shows itself as a cell's output: a function of no arguments that gives its forms by MIME type. */
export const DISPLAY = Symbol.for('thaw.display')

/** A promise that a cell may leave unawaited where its result only has to be shown. */
const SHOWN = Symbol.for('thaw.shown')

export interface Displayed {
  [DISPLAY](): OutputItems | Promise<OutputItems>
}

export function isDisplayed(value: unknown): value is Displayed {
  return typeof value === 'object' && value !== null && typeof (value as Displayed)[DISPLAY] === 'function'
}

/** Marks a promise as one whose value shows itself: a statement that stands alone is waited for. */
export function toBeShown<T>(promise: Promise<T>): Promise<T> {
  return Object.assign(promise, { [SHOWN]: true })
}

export const isToBeShown = (value: unknown): value is Promise<unknown> =>
  value instanceof Promise && SHOWN in value

/** Gives plain data a way to show itself, without it being seen when the data is looked at. */
export function withDisplay<T extends object>(
  value: T,
  display: () => OutputItems | Promise<OutputItems>,
): T {
  return Object.defineProperty(value, DISPLAY, { value: display, enumerable: false })
}
