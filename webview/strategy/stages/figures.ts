import type { Figure } from '../../plot/figure'
import type { LayerWindow } from '../../../src/extension/protocol'
import { ember } from '../../colour'
import { lineFigure } from '../../plot/lines'
import type { ViewContext } from '../types'
import { stageLines } from './model'

/** How far each stage went over the run: what can be said of every strategy. */
export function stageFigure(window: LayerWindow, context: ViewContext): Figure {
  const { run, width, theme } = context
  const plain = stageLines(run.layers, window)
  const lines = plain.map((line, i) => ({
    ...line,
    colour: line.said ? 'var(--ice)' : ember(0.4 + (0.5 * i) / Math.max(1, plain.length - 1), theme),
  }))
  return {
    name: 'stage-distances',
    title: 'How far each stage went',
    question: 'Distance ‖w − w0‖ / ‖w0‖ of the median layer of each stage (log).',
    ...lineFigure({ lines, steps: run.steps, width, height: 280, log: true, right: 150 }),
    notes: ['The head has no pre-trained value; its distance is from where it began.'],
  }
}
