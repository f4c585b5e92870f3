import type { RunView } from '../../events'
import { DISPLAY_MIME, MAX_COLUMNS, type CurvesDisplay } from '../displays'
import type { OutputItems } from '../protocol'
import { number, plain, thinned } from './text'

type Line = CurvesDisplay['panels'][number]['lines'][number]

/** What was done live or by the run file, in words, at its step. */
export function marksOf({ controls }: Pick<RunView, 'controls'>): { step: number; text: string }[] {
  return controls.flatMap(({ step, action }) => {
    const text = wordsOf(action as { do: string; layers?: string[]; factor?: number })
    return text === undefined ? [] : [{ step, text }]
  })
}

function wordsOf(action: { do: string; layers?: string[]; factor?: number }): string | undefined {
  if (action.do === 'freeze' || action.do === 'unfreeze')
    return `${action.do} ${(action.layers ?? []).join(', ')}`
  return action.do === 'rate' ? `rate × ${number(action.factor)}` : undefined
}

function line(view: RunView, series: string, name: string): Line[] {
  const { steps, values } = view.series[series] ?? { steps: [], values: [] }
  if (steps.length === 0) return []
  const kept = thinned(steps.length, MAX_COLUMNS)
  return [{ name, steps: kept.map((i) => steps[i]!), values: kept.map((i) => plain(values[i])) }]
}

/** Log where all is positive and spans more than a factor of ten. */
function scaleOf(lines: readonly Line[]): 'linear' | 'log' {
  const values = lines.flatMap((one) => one.values.filter((value) => value !== null))
  const low = Math.min(...values)
  return low > 0 && Math.max(...values) > 10 * low ? 'log' : 'linear'
}

export function curvesDisplay(view: RunView): CurvesDisplay {
  const names = Object.keys(view.series)
  const parts = names.filter((name) => name.startsWith('part/'))
  const loss = [
    ...line(view, 'loss', 'loss'),
    ...(parts.length > 1 ? parts.flatMap((name) => line(view, name, name.slice('part/'.length))) : []),
  ]
  const rates = names
    .filter((name) => name.startsWith('rate/'))
    .flatMap((name) => line(view, name, name.slice('rate/'.length)))
  const splits = [...new Set(view.evals.map(({ split }) => split))]
  const evaluated = splits.map((split): Line => {
    const points = view.evals.filter((one) => one.split === split)
    return {
      name: split,
      steps: points.map(({ step }) => step),
      values: points.map(({ metrics }) => plain(metrics.balancedAccuracy)),
      low: points.map(({ metrics }) => plain(metrics.low)),
      high: points.map(({ metrics }) => plain(metrics.high)),
      dots: true,
    }
  })
  const panels: CurvesDisplay['panels'] = [
    { title: 'Loss', more: 'training batch', scale: scaleOf(loss), lines: loss },
    {
      title: 'Training accuracy',
      more: 'this batch',
      scale: 'linear',
      lines: line(view, 'accuracy', 'training accuracy'),
    },
    { title: 'Balanced accuracy', more: '95 % interval', scale: 'linear', lines: evaluated },
    { title: 'Rate', scale: scaleOf(rates), lines: rates },
  ]
  return {
    v: 1,
    title: view.name,
    panels: panels.filter(({ lines }) => lines.length > 0),
    marks: marksOf(view),
  }
}

export function curvesItems(display: CurvesDisplay): OutputItems {
  return { [DISPLAY_MIME.curves]: display, 'text/plain': curvesText(display) }
}

export function curvesText({ panels, marks }: CurvesDisplay): string {
  const lines = panels.flatMap((panel) =>
    panel.lines.map(({ name, steps, values }) => {
      const label =
        panel.lines.length > 1 || name !== panel.title.toLowerCase() ? `${panel.title}, ${name}` : panel.title
      return `${label}: ${number(values[0])} at step ${steps[0]}, ${number(values.at(-1))} at step ${steps.at(-1)}`
    }),
  )
  return [
    ...(lines.length > 0 ? lines : ['No step has been taken yet.']),
    ...marks.map(({ step, text }) => `at step ${step}: ${text}`),
  ].join('\n')
}
