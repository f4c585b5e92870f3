/** A place in a file a user wrote; line and column count from 1. */
export interface Place {
  file: string
  line: number
  column: number
}

/**
 * One thing that is wrong with what a user wrote, from validation or from preflight alike.
 * Printed as `FILE:LINE:COL path: what is wrong; what to write`.
 */
export interface Problem {
  severity: 'error' | 'warning'
  /** Dotted path of the field, for example `train.optimizer.rate`; empty for the whole file. */
  path: string
  /** What is wrong. */
  message: string
  /** What to write instead. */
  hint?: string
  place?: Place
}

/** The documented exit codes of every command. */
export const ExitCode = { ok: 0, runFailed: 1, userError: 2, machineLacks: 3, interrupted: 130 } as const

/** An error made for a user: its message is the whole story, its exit code is documented. */
export class UserError extends Error {
  override readonly name = 'UserError'
  constructor(
    message: string,
    readonly exitCode: number = ExitCode.userError,
    readonly problems: readonly Problem[] = [],
  ) {
    super(message)
  }
}
