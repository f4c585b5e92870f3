import type { RunView } from '../../events'
import { accuracy, duration, number } from './numbers'

/** What a run does now, in one line: `step 12/60, loss 1.234, 0.9 s a step, 43 s left`. */
export function progressLine(view: RunView): string {
  if (view.ended) return endLine(view)
  if (view.state === 'queued') return 'waits for its turn'
  if (view.progress && !(view.latest && view.step > 0 && view.progress.done >= view.progress.total)) {
    const { what, done, total } = view.progress
    if (done < total || !view.latest) return `${what} ${done}/${total}`
  }
  if (!view.latest)
    return view.state === 'preparing' || !view.started ? 'loads network and images' : view.state
  const parts = [`step ${view.step}/${view.steps}`, `loss ${number(view.latest.loss)}`]
  const pace = secondsAStep(view)
  if (pace !== undefined && view.state === 'running') {
    parts.push(`${duration(pace)} a step`)
    if (view.steps > view.step) parts.push(`${duration(pace * (view.steps - view.step))} left`)
  }
  const last = view.evals.at(-1)
  if (last) parts.push(`${last.split} ${number(last.metrics.balancedAccuracy)}`)
  if (view.state === 'paused') parts.push('paused')
  return parts.join(', ')
}

export function endLine({ ended }: RunView): string {
  if (!ended) return ''
  const what = ended.state === 'finished' ? 'done' : ended.state
  const parts = [`${what} in ${duration(ended.seconds)}`]
  if (ended.metrics) parts.push(`balanced accuracy ${accuracy(ended.metrics)}`)
  if (ended.message) parts.push(ended.message)
  return parts.join(', ')
}

/** Mean seconds a step; undefined before the first. */
export function secondsAStep({ ms, step, attempts }: RunView): number | undefined {
  const done = step - (attempts.at(-1)?.from ?? 0)
  const total = ms.data + ms.compute + ms.update + ms.record
  return done > 0 && total > 0 ? total / 1000 / Math.max(done, 1) : undefined
}

/** Share of the run that is done, 0 to 1, for a bar. */
export function shareDone(view: RunView): number {
  if (view.ended) return 1
  if (view.steps > 0 && view.step > 0) return Math.min(1, view.step / view.steps)
  const { progress } = view
  return progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0
}
