/** How a kernel's process came to its end. */
export type MachineFailure = 'out-of-memory' | 'killed' | 'crashed' | 'not-started' | 'not-responding'

/**
 * What the end of a kernel's process means.
 * @param said the last that it wrote to stderr
 */
export function explainEnd(
  code: number | null,
  signal: string | null,
  said: string,
): { failure: MachineFailure; why: string } {
  const gone = 'What cells had made is gone; run them again.'
  if (/heap out of memory|Allocation failed|memory access out of bounds|ENOMEM/i.test(said))
    return {
      failure: 'out-of-memory',
      why: `The kernel ran out of memory. ${gone} Hold less at once: smaller batches, fewer sessions, \`session.close()\`.`,
    }
  if (signal === 'SIGKILL')
    return {
      failure: 'killed',
      why: `The kernel was killed (SIGKILL), as the system does when memory is short. ${gone}`,
    }
  const how = signal ?? `code ${code ?? 'unknown'}`
  const words =
    said
      .trim()
      .split('\n')
      .findLast((line) => /\S/.test(line) && !/^\s+at /.test(line)) ?? ''
  return {
    failure: 'crashed',
    why: `The kernel ended (${how}). ${gone}${words ? ` It said: ${words.trim().slice(0, 300)}` : ''}`,
  }
}
