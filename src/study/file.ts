import { catalog } from '../engine/strategies/catalog'
import { ownOptions } from '../own/options'
import { applySettings, parseRunFile, settingOf, UserError, type Problem, type ResolvedSpec } from '../spec'

/** A run file as a study takes it. */
export interface StudyFile {
  /** As the user gave it. */
  file: string
  /** What the method is called. */
  name: string
  base: string
  text: string
  spec: ResolvedSpec
}

/** The run file with some fields set, and what is wrong with it then. */
export function withValues(
  { file, base, text }: Pick<StudyFile, 'file' | 'base' | 'text'>,
  values: Record<string, unknown>,
): { text: string; spec?: ResolvedSpec; problems: Problem[] } {
  const changed = applySettings(
    text,
    Object.entries(values).map(([path, value]) => settingOf(path, value)),
  )
  return { text: changed, ...parseRunFile(changed, { file, strategies: catalog, own: ownOptions(base) }) }
}

/** `train.optimizer.rate 0.001, strategy.alpha 0.1` */
export function valuesText(values: Record<string, unknown>): string {
  return Object.entries(values)
    .map(([path, value]) => `${path} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}

/**
 * What model, data and machine say against a run, before many of its kind are started.
 * @throws UserError with all problems, the file named
 */
export async function assertFits({ file, name, base, spec }: StudyFile): Promise<void> {
  const [{ preflight }, { provideOwn }] = await Promise.all([
    import('../engine/train'),
    import('../own/provide'),
  ])
  provideOwn(spec, { base })
  const { problems } = await preflight(spec, { base }, { audit: false, dry: false })
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  throw new UserError(
    `${name} cannot run`,
    undefined,
    errors.map((problem) => ({ ...problem, place: problem.place ?? { file, line: 1, column: 1 } })),
  )
}
