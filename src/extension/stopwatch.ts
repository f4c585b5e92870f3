/**
 * Measures a stretch of synchronous work, ms: the lesser of clock and processor time, since on a busy machine the
 * clock also tells of others' work.
 */
export function stopwatch(): () => number {
  const wall = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return Math.min(performance.now() - wall, (user + system) / 1000)
  }
}

/** Runs from the first line of the extension's code, so this module is imported before all else. */
export const sinceFirstLine = stopwatch()
