import type { LayerMeasure } from '../../src/events/types'
import { clamp } from '../colour'

export type Shown = LayerMeasure | 'declared'

interface MeasureText {
  label: string
  unit: string
  /** Powers of ten at the two ends of the colour scale. */
  low: number
  high: number
  ends: [string, string]
}

/** Linear colour over the logarithm: layers differ by orders of magnitude. */
export const measures: Record<Exclude<Shown, 'moved'>, MeasureText> = {
  updateRatio: {
    label: 'Update ratio',
    unit: '‖Δw‖ / ‖w‖ a step',
    low: -4.7,
    high: -2,
    ends: ['2e−5', '0.01'],
  },
  distance: {
    label: 'Distance from w0',
    unit: '‖w − w0‖ / ‖w0‖',
    low: -4,
    high: -0.3,
    ends: ['1e−4', '0.5'],
  },
  gradientNorm: { label: 'Gradient norm', unit: '‖g‖', low: -3, high: 1, ends: ['0.001', '10'] },
  batchNormDrift: {
    label: 'Batch-norm drift',
    unit: '|μ − μ0| / σ0',
    low: -3,
    high: 0,
    ends: ['0.001', '1'],
  },
  declared: { label: 'Declared', unit: '', low: 0, high: 1, ends: ['', ''] },
}
export type Choice = keyof typeof measures
export const choices = Object.keys(measures) as Choice[]

export function shade(value: number, choice: Choice): number {
  if (choice === 'declared') return value
  const { low, high } = measures[choice]
  return value <= 0 ? 0 : clamp((Math.log10(value) - low) / (high - low))
}

/** Length of the bar at the right edge, 0 to 1. */
export const barLength = (distance: number): number =>
  distance > 0 ? clamp((Math.log10(distance) + 4) / 3.7, 0.02, 1) : 0
