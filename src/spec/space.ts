import { applyEdits } from 'jsonc-parser'
import type { Fault } from './issues'
import { printPath, readPath } from './path'
import { applySettings, removalOf } from './settings'
import { fixedReason, type Dimension, type TuneSpec } from './tune'
import { UserError, type Problem } from './types'

/** `train.optimizer.rate=0.001`, as `--set` takes it. */
export function settingOf(path: string, value: unknown): string {
  return `${path}=${JSON.stringify(value)}`
}

/** The run file without what only `thaw tune` reads. */
export function withoutTune(text: string): string {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  return ['tune', 'tuned'].reduce((current, field) => {
    const edits = removalOf(current, field)
    return edits ? applyEdits(current, edits) : current
  }, plain)
}

/** Values at which a dimension can be wrong: its ends, or all of its choices. */
function extremes(dimension: Dimension): readonly unknown[] {
  if ('choice' in dimension) return dimension.choice
  return 'uniform' in dimension ? dimension.uniform : dimension.logUniform
}

/**
 * What is wrong with a space: no field of that path, or a value that the field does not take.
 * @param check the errors of a run file
 */
export function spaceFaults(
  text: string,
  { space, search, trials }: TuneSpec,
  check: (text: string) => readonly Problem[],
): Fault[] {
  const names = Object.keys(space)
  if (names.length === 0)
    return [
      fault([], 'nothing to try', 'write for example {"train.optimizer.rate": {"logUniform": [1e-4, 1e-2]}}'),
    ]
  const faults = names.flatMap((name) => nameFault(name) ?? orderFault(name, space[name]!) ?? [])
  if (faults.length > 0) return faults
  const plain = withoutTune(text)
  // most files are right: all dimensions at once, and one by one only where that fails
  const most = Math.max(...names.map((name) => extremes(space[name]!).length))
  const at = (name: string, i: number) => {
    const values = extremes(space[name]!)
    return settingOf(name, values[Math.min(i, values.length - 1)])
  }
  const whole = Array.from({ length: most }, (_, i) => names.map((name) => at(name, i)))
  if (whole.some((settings) => failing(settings)))
    for (const name of names) {
      const problem = extremes(space[name]!)
        .map((value) => failing([settingOf(name, value)]))
        .find((found) => found !== undefined)
      if (problem) faults.push(fault([name], problem.message, problem.hint ?? 'write another value'))
    }
  if (faults.length === 0 && search === 'grid') faults.push(...gridFault(space, trials))
  return faults

  function failing(settings: readonly string[]): Pick<Problem, 'message' | 'hint'> | undefined {
    try {
      return check(applySettings(plain, settings))[0]
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return { message: 'not the path of a field', hint: 'write one such as "train.optimizer.rate"' }
    }
  }
}

const fault = (at: string[], message: string, hint: string): Fault => ({
  at: ['tune', 'space', ...at],
  message,
  hint,
})

function nameFault(name: string): Fault | undefined {
  const path = readPath(name)
  const key = { key: true }
  if (!path || printPath(path) !== name)
    return { ...fault([name], 'not the path of a field', 'write one such as "train.optimizer.rate"'), ...key }
  const reason = fixedReason(name)
  return reason === undefined ? undefined : { ...fault([name], reason, 'remove it'), ...key }
}

function orderFault(name: string, dimension: Dimension): Fault | undefined {
  if ('choice' in dimension) return undefined
  const [low, high] = 'uniform' in dimension ? dimension.uniform : dimension.logUniform
  if (low >= high) return fault([name], `${low} is not below ${high}`, 'write the lower value first')
  if (!dimension.whole || Math.ceil(low) < Math.floor(high)) return undefined
  return fault([name], `there are no two whole numbers from ${low} to ${high}`, 'write a wider range')
}

/** Combinations of a grid; whole numbers may coincide, so it can be a few less. */
export function gridSize(space: TuneSpec['space']): number {
  return Object.values(space).reduce(
    (size, dimension) => size * ('choice' in dimension ? dimension.choice.length : dimension.points),
    1,
  )
}

function gridFault(space: TuneSpec['space'], trials: number | undefined): Fault[] {
  const size = gridSize(space)
  const most = trials ?? 10_000
  if (size <= most) return []
  return [
    fault(
      [],
      `the grid has ${size} combinations, and the budget is ${most} trials`,
      `write fewer \`points\` or choices, ${size <= 10_000 ? `"trials": ${size}, ` : ''}or "search": "random"`,
    ),
  ]
}
