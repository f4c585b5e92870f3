import { EVENT_VERSION, type RunEvent, type RunEventKind } from './types'

type Check = 'number' | 'step' | 'string' | 'object' | 'array' | 'any'

/** The fields without which a fold could not go on; deeper fields are read with care. */
const required: Record<RunEventKind, Record<string, Check>> = {
  'run-started': {
    runId: 'string',
    name: 'string',
    strategy: 'object',
    backend: 'object',
    model: 'object',
    data: 'object',
    steps: 'step',
    phases: 'array',
    layers: 'array',
    from: 'step',
  },
  phase: { phase: 'object', step: 'step' },
  step: { step: 'step', phase: 'step', loss: 'number', parts: 'object', rate: 'object', ms: 'object' },
  layers: { step: 'step', row: 'step', rows: 'step', every: 'step' },
  eval: { step: 'step', split: 'string', metrics: 'object' },
  picture: { step: 'step', name: 'string' },
  artifact: { step: 'step', name: 'string', bytes: 'number' },
  alarm: { step: 'step', code: 'string', message: 'string' },
  control: { step: 'step', source: 'string' },
  checkpoint: { step: 'step', folder: 'string', bytes: 'number', why: 'string' },
  state: { state: 'string' },
  progress: { what: 'string', done: 'number', total: 'number' },
  cache: { step: 'step', memory: 'number', disk: 'number', computed: 'number' },
  log: { level: 'string', message: 'string' },
  'run-ended': { state: 'string', step: 'step', seconds: 'number', moved: 'number', distance: 'number' },
}

function holds(value: unknown, check: Check): boolean {
  switch (check) {
    case 'step':
      return Number.isSafeInteger(value) && (value as number) >= 0
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'array':
      return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null)
    case 'any':
      return true
    default:
      return typeof value === check
  }
}

/**
 * What a decoded line is: an event of ours, one of another version, one of a kind that this version does not know,
 * or damaged.
 */
export function classify(value: unknown): 'event' | 'foreign' | 'unknown' | 'unreadable' {
  if (!holds(value, 'object')) return 'unreadable'
  const fields = value as Record<string, unknown>
  if (typeof fields.v !== 'number' || typeof fields.kind !== 'string') return 'unreadable'
  if (fields.v !== EVENT_VERSION) return 'foreign'
  if (!holds(fields.seq, 'step') || !holds(fields.attempt, 'step') || !holds(fields.t, 'number'))
    return 'unreadable'
  if (!Object.hasOwn(required, fields.kind)) return 'unknown'
  const checks = required[fields.kind as RunEventKind]
  return Object.entries(checks).every(([name, check]) => holds(fields[name], check)) ? 'event' : 'unreadable'
}

export function isEvent(value: unknown): value is RunEvent {
  return classify(value) === 'event'
}
