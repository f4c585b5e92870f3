/** Lets timers, messages and signals through. Awaiting tensor reads alone never does. */
export function yieldNow(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()))
}
