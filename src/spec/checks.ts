import type { FreezeSpec, ResolvedSpec } from './schema'
import type { Path } from './source'

/** A fault between fields that are each right alone. */
export interface Conflict {
  severity: 'error' | 'warning'
  at: Path
  message: string
  hint: string
}

/** Checks that need no model, no data and no machine; those belong to preflight. */
export function findConflicts(spec: ResolvedSpec, written: Record<string, unknown>): Conflict[] {
  return [
    ...trainConflicts(spec, written),
    ...dataConflicts(spec),
    ...modelConflicts(spec),
    ...freezeConflicts(spec),
  ]
}

function trainConflicts({ train }: ResolvedSpec, written: Record<string, unknown>): Conflict[] {
  const out: Conflict[] = []
  const { optimizer, steps } = train
  if (steps !== undefined && train.epochs !== undefined) {
    out.push(error(['train', 'epochs'], 'both `steps` and `epochs` are given', 'remove one of the two'))
  }
  const given = objectAt(written, ['train', 'optimizer'])
  for (const field of ['momentum', 'nesterov'] as const) {
    if (optimizer.name !== 'sgd' && Object.hasOwn(given, field)) {
      out.push(
        warning(
          ['train', 'optimizer', field],
          `\`${optimizer.name}\` has no ${field}; it is ignored`,
          'remove it, or write "name": "sgd"',
        ),
      )
    }
  }
  if (optimizer.nesterov && optimizer.name === 'sgd' && optimizer.momentum === 0) {
    out.push(
      error(
        ['train', 'optimizer', 'nesterov'],
        'Nesterov without momentum',
        'write a momentum above 0, for example 0.9',
      ),
    )
  }
  if (train.evaluateEvery === undefined) {
    for (const field of ['earlyStopping', 'keep'] as const) {
      if (field === 'keep' ? train.keep !== 'best' : train.earlyStopping === undefined) continue
      out.push(
        warning(
          ['train', field],
          'has no effect, since there is one evaluation, at the end',
          'write `train.evaluateEvery` too, for example 10',
        ),
      )
    }
  }
  train.actions.forEach((action, i) => {
    if (steps !== undefined && action.at > steps) {
      out.push(
        warning(
          ['train', 'actions', i, 'at'],
          `step ${action.at} lies after the end (${steps} steps)`,
          `write a number up to ${steps}`,
        ),
      )
    }
  })
  return out
}

function dataConflicts({ data }: ResolvedSpec): Conflict[] {
  const out: Conflict[] = []
  const { val, test } = data.split
  if (val + test >= 1) {
    out.push(
      error(
        ['data', 'split'],
        `val ${val} and test ${test} leave no training images`,
        'write shares that add up to less than 1',
      ),
    )
  }
  if (data.transforms !== 'none') {
    const [low, high] = data.transforms.scale
    if (low > high)
      out.push(error(['data', 'transforms', 'scale'], `${low} is above ${high}`, `write [${high}, ${low}]`))
  } else if (data.views !== undefined && data.views > 1) {
    out.push(
      warning(
        ['data', 'views'],
        `${data.views} views without transforms are all alike`,
        'remove `views`, or give `transforms`',
      ),
    )
  }
  for (const [at, colour] of colours(data)) {
    if (!/^(white|black|gr[ae]y|#[0-9a-f]{6})$/i.test(colour)) {
      out.push(error(at, `${JSON.stringify(colour)} is not a colour`, 'write "white", "black" or "#rrggbb"'))
    }
  }
  return out
}

function colours(data: ResolvedSpec['data']): [Path, string][] {
  const out: [Path, string][] = [[['data', 'background'], data.background]]
  if (data.transforms !== 'none') out.push([['data', 'transforms', 'fill'], data.transforms.fill])
  return out
}

function modelConflicts({ model }: ResolvedSpec): Conflict[] {
  if (model.source !== 'none' || model.architecture !== undefined) return []
  return [
    error(
      ['model', 'architecture'],
      'missing, and `source` is "none"',
      'write an architecture, for example "small_cnn"',
    ),
  ]
}

function freezeConflicts({ freeze, train }: ResolvedSpec): Conflict[] {
  return [...lengthConflicts(freeze ?? []), ...(freeze ? sumConflicts(freeze, train.steps) : [])]
}

/** Phases that do not come to the run's own length. */
function sumConflicts(freeze: FreezeSpec, steps: number | undefined): Conflict[] {
  if (steps === undefined) return []
  const last = freeze.length - 1
  const total = freeze.reduce((sum, phase) => sum + (phase.steps ?? 0), 0)
  if (freeze[last]!.steps !== undefined && total < steps) {
    return [
      warning(
        ['freeze', last, 'steps'],
        `the phases end after ${total} steps, and the run with them, although \`train.steps\` is ${steps}`,
        'leave the length of the last phase out, or write the same number',
      ),
    ]
  }
  const before = total - (freeze[last]!.steps ?? 0)
  if (last > 0 && before >= steps) {
    return [
      warning(
        ['freeze', last],
        `never begins: the phases before it take ${before} steps, and \`train.steps\` is ${steps}`,
        'write shorter phases or more steps',
      ),
    ]
  }
  return []
}

function lengthConflicts(freeze: FreezeSpec): Conflict[] {
  return freeze.flatMap((phase, i) =>
    phase.steps === undefined && i < freeze.length - 1
      ? [
          error(
            ['freeze', i, 'steps'],
            'missing',
            'write a length in steps; only the last phase may leave it out',
          ),
        ]
      : [],
  )
}

function objectAt(value: unknown, path: readonly string[]): object {
  let current: unknown = value
  for (const key of path) current = (current as Record<string, unknown> | undefined)?.[key]
  return typeof current === 'object' && current !== null ? current : {}
}

const error = (at: Path, message: string, hint: string): Conflict => ({
  severity: 'error',
  at,
  message,
  hint,
})
const warning = (at: Path, message: string, hint: string): Conflict => ({
  severity: 'warning',
  at,
  message,
  hint,
})
