/** When this process began to run the extension's code; imported before all else. */
export const began = { wall: performance.now(), cpu: process.cpuUsage() }

/** What waking has cost so far, ms. On a busy machine the clock also tells of others' work, processor time does not. */
export function wakingCost(): { wall: number; cpu: number } {
  const { user, system } = process.cpuUsage(began.cpu)
  return { wall: performance.now() - began.wall, cpu: (user + system) / 1000 }
}
