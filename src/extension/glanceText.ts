import type { Glance } from './glance'

const percent = ({ step, steps }: Glance): string =>
  steps > 0 ? `${Math.floor((100 * step) / steps)} %` : `step ${step}`

const value = (accuracy: number): string => accuracy.toFixed(3)

/** Time in the largest unit that fits. */
export const duration = (ms: number): string =>
  ms < 90_000
    ? `${Math.max(1, Math.round(ms / 1000))} s`
    : ms < 5_400_000
      ? `${Math.round(ms / 60_000)} min`
      : `${(ms / 3_600_000).toFixed(1)} h`

/**
 * A run in a few characters, with an icon.
 * @param others how many more are under way
 */
export function statusText(glance: Glance, others: number): string {
  const { name, state, accuracy } = glance
  const more = others > 0 ? ` +${others}` : ''
  switch (state) {
    case 'queued':
      return `$(watch) ${name} waits${more}`
    case 'preparing':
      return `$(loading~spin) ${name}${more}`
    case 'running':
      return `$(flame) ${name} ${percent(glance)}${more}`
    case 'paused':
      return `$(debug-pause) ${name} ${percent(glance)}${more}`
    case 'finished':
      return `$(pass) ${name}${accuracy ? ` ${value(accuracy.balancedAccuracy)}` : ''}${more}`
    case 'stopped':
      return `$(circle-slash) ${name} stopped${more}`
    case 'failed':
      return `$(error) ${name} ${glance.interrupted ? 'interrupted' : 'failed'}${more}`
  }
}

/** The same in words, for a tooltip and for a screen reader. */
export function statusWords(glance: Glance): string {
  const { name, state, step, steps, accuracy, leftMs, message, progress, interrupted } = glance
  return [
    `${name}: ${interrupted ? 'interrupted' : state}${steps > 0 ? `, step ${step} of ${steps}` : ''}`,
    progress && `${progress.what}, ${progress.done} of ${progress.total}`,
    leftMs !== undefined && `about ${duration(leftMs)} left`,
    accuracy && accuracyWords(accuracy),
    message,
  ]
    .filter(Boolean)
    .join('\n')
}

/** With interval and count, never without. */
export const accuracyWords = ({
  balancedAccuracy,
  low,
  high,
  count,
  split,
}: NonNullable<Glance['accuracy']>) =>
  `balanced accuracy ${value(balancedAccuracy)} (${value(low)} to ${value(high)}) on ${count} ${split} images`
