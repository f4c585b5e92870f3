import { UserError, type Problem } from '../../spec/types'

/**
 * An error for a user as problems with a path. Errors of the engine begin with the field they are about
 * (`data.source: …`); where one does not, `path` says which field led to it.
 */
export function problemsOf(error: unknown, path: string): Problem[] {
  if (!(error instanceof UserError)) throw error
  if (error.problems.length > 0) return [...error.problems]
  const named = /^((?:model|data|strategy|train|freeze|backend)(?:\.[A-Za-z]+|\[\d+\])*): (.*)$/s.exec(
    error.message,
  )
  const text = named ? named[2]! : error.message
  const cut = text.lastIndexOf('; ')
  return [
    {
      severity: 'error',
      path: named ? named[1]! : path,
      message: cut < 0 ? text : text.slice(0, cut),
      ...(cut >= 0 && { hint: text.slice(cut + 2) }),
    },
  ]
}

/** Runs one check; what it finds wrong joins the problems, and undefined comes back. */
export async function checked<T>(
  problems: Problem[],
  path: string,
  check: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await check()
  } catch (error) {
    problems.push(...problemsOf(error, path))
    return undefined
  }
}
