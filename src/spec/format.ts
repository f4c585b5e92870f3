import type { Problem } from './types'

/** `FILE:LINE:COL path: what is wrong; what to write`, on one line. */
export function formatProblem(problem: Problem): string {
  const { place, path, severity, message, hint } = problem
  const where = [place && `${place.file}:${place.line}:${place.column}`, path].filter(Boolean).join(' ')
  const text = `${severity === 'warning' ? 'warning: ' : ''}${message}${hint ? `; ${hint}` : ''}`
  // eslint-disable-next-line no-control-regex -- what a user wrote must not steer a terminal
  return (where ? `${where}: ${text}` : text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
}
