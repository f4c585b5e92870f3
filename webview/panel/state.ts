import type {
  Accuracy,
  Answer,
  Cursor,
  LayerWindow,
  LineNews,
  Mark,
  Measured,
  PanelHead,
  PanelRun,
  ToPanel,
} from '../../src/extension/protocol'

export interface Line {
  stride: number
  steps: number[]
  values: (number | null)[]
}

/** All that the panel knows; rebuilt by one catch-up when the page was thrown away while hidden. */
export interface PanelState {
  attempt: number
  run?: PanelRun
  head?: PanelHead
  marks: Mark[]
  measured: Measured
  evals: Accuracy[]
  lines: Record<string, Line>
  /** Step of the latest picture and artifact by name. */
  pictures: Record<string, number>
  artifacts: Record<string, number>
  window?: LayerWindow
  answer?: { ok: boolean; message: string }
}

export const emptyState = (): PanelState => ({
  attempt: 0,
  marks: [],
  measured: { step: 0, every: 0 },
  evals: [],
  pictures: {},
  artifacts: {},
  lines: Object.create(null) as Record<string, Line>,
})

/** The state after a message; pure. */
export function reduce(state: PanelState, message: Exclude<ToPanel, Answer>): PanelState {
  switch (message.type) {
    case 'update': {
      const { head, marks, measured, evals, attempt, pictures, artifacts } = message
      const base = attempt === state.attempt ? state.lines : {}
      return {
        ...state,
        ...(message.run && { run: message.run }),
        head,
        marks,
        measured,
        evals,
        attempt,
        pictures,
        artifacts,
        lines: Object.assign(Object.create(null), base, joined(base, message.lines)) as PanelState['lines'],
      }
    }
    case 'answer':
      return { ...state, answer: { ok: message.ok, message: message.message } }
    case 'changed':
    case 'show':
      return state
  }
}

function joined(old: Record<string, Line>, news: Record<string, LineNews>): Record<string, Line> {
  return Object.fromEntries(
    Object.entries(news).map(([name, { stride, from, steps, values }]) => {
      const before = Object.hasOwn(old, name) && old[name]!.stride === stride ? old[name]! : undefined
      let keep = before?.steps.length ?? 0
      while (keep > 0 && before!.steps[keep - 1]! >= from) keep--
      return [
        name,
        {
          stride,
          steps: [...(before?.steps.slice(0, keep) ?? []), ...steps],
          values: [...(before?.values.slice(0, keep) ?? []), ...values],
        },
      ]
    }),
  )
}

/** What to tell the host when asking for what is new. */
export const cursorOf = (state: PanelState): Cursor => ({
  attempt: state.attempt,
  lines: Object.fromEntries(
    Object.entries(state.lines)
      .filter(([, line]) => line.steps.length > 0)
      .map(([name, line]) => [name, { stride: line.stride, step: line.steps.at(-1)! }]),
  ),
})
