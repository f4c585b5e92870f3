import type { RunView, SkippedLines } from '../../events'
import type { Trouble } from '../protocol'

/** What a feed knows of a run beside its view. */
export interface Signs {
  view: RunView
  /** The folder is not there any more. */
  gone: boolean
  /** How the newest attempt is over, where it is. */
  how?: 'ended' | 'interrupted'
  skipped: SkippedLines
}

/** The one trouble that a person should know of first, and the ways on; undefined when all is well. */
export function troubleOf({ view, gone, how, skipped }: Signs): Trouble | undefined {
  const resume = view.checkpoints.length > 0 ? (['resume'] as const) : []
  const at = view.step > 0 ? ` at step ${view.step}` : ' before its first step'
  if (gone)
    return {
      kind: 'gone',
      message:
        'The folder of this run has been deleted or moved. What was read of it is still shown; nothing new will come.',
      ways: ['runs', 'close'],
    }
  if (how === 'interrupted' && !view.ended)
    return {
      kind: 'killed',
      message: `The trainer ended without a word${at}: it was killed, or the machine ran out of memory.${resume.length > 0 ? '' : ' There is no checkpoint to go on from yet; “Resume” begins it again.'}`,
      ways: [...resume, 'log'],
    }
  if (how === 'ended' && !view.ended)
    return {
      kind: 'silent',
      message: `The run failed${at} and could not write why into its log; the disk may be full.`,
      ways: [...resume, 'cache', 'log'],
    }
  if (view.ended?.state === 'failed') {
    const message = inEditor(view.ended.message ?? 'The run failed.')
    const full = /disk (is full|quota)/.test(message)
    return { kind: 'failed', message, ways: [...resume, ...(full ? (['cache'] as const) : []), 'log'] }
  }
  if (skipped.foreign > 0)
    return {
      kind: 'newer',
      message: `${lines(skipped.foreign)} of this run ${skipped.foreign === 1 ? 'was' : 'were'} written by another version of Thaw and cannot be shown. Update Thaw to see them.`,
      ways: ['events', 'runs'],
    }
  if (skipped.unreadable > 0)
    return {
      kind: 'torn',
      message: `${lines(skipped.unreadable)} of this run's log cannot be read and ${skipped.unreadable === 1 ? 'is' : 'are'} left out, as after a trainer that was killed while it wrote. All others are shown.`,
      ways: ['events'],
    }
  return undefined
}

/** From where a run that is over before its end can go on; undefined where it cannot, or has ended as it should. */
export function resumeOf({ view, gone, how }: Signs): 'checkpoint' | 'start' | undefined {
  if (gone || how === undefined || view.ended?.state === 'finished') return undefined
  if (view.checkpoints.length > 0) return 'checkpoint'
  return how === 'interrupted' && !view.ended ? 'start' : undefined
}

/** Commands of the terminal that a message names, as what a person does here. */
const inEditor = (message: string): string =>
  message
    .replace('`thaw gc` removes old checkpoints', '“Clear the cache…” does it')
    .replaceAll('`thaw resume`', '“Resume”')

const lines = (n: number): string => `${n.toLocaleString('en')} ${n === 1 ? 'line' : 'lines'}`
