import type { OptimizerSpec } from '../../spec/schema'
import type { ParameterInfo } from '../network/types'
import type { ParameterRate, Schedule } from '../optim/types'
import type { ActivePhase } from './plan'

export interface RateContext {
  optimizer: OptimizerSpec
  /** Those that a strategy brings along, by group. */
  groups: ReadonlyMap<string, OptimizerSpec>
  /** Rate of the head over the backbone's where the run file gives none. */
  headFactor: number
  /** The run file's schedule. */
  schedule: Schedule
}

/** Rate and decay of each trained parameter at a step: base, discriminative factor, schedule and live factor multiplied. */
export function ratesAt(
  { optimizer, groups, headFactor, schedule }: RateContext,
  { planned, trained }: ActivePhase,
  step: number,
  liveFactor: number,
): Map<string, ParameterRate> {
  const { phase, curve } = planned
  const factor = (phase.schedule ?? schedule)(step - curve.from, curve.total) * liveFactor
  const headRate = optimizer.headRate ?? optimizer.rate * headFactor
  return new Map(
    trained.map((parameter) => {
      const group = groups.get(parameter.owned?.group ?? '')
      const base = group?.rate ?? (parameter.pretrained ? optimizer.rate : headRate)
      const rate = base * (phase.rateFactor?.(parameter) ?? 1) * factor
      const weightDecay = phase.weightDecay?.(parameter) ?? (group ?? optimizer).weightDecay
      return [parameter.name, { rate, weightDecay }]
    }),
  )
}

/** Rates by group for the step event: head and backbone, or one a stage where the phase tells stages apart. */
export function rateGroups(
  { planned, trained }: ActivePhase,
  rates: ReadonlyMap<string, ParameterRate>,
  stageOf: (parameter: ParameterInfo) => string,
): Record<string, number> {
  const groups: Record<string, number> = {}
  for (const parameter of trained) {
    const group = parameter.owned
      ? parameter.owned.stage
      : !parameter.pretrained
        ? 'head'
        : planned.phase.rateFactor
          ? stageOf(parameter)
          : 'backbone'
    groups[group] = rates.get(parameter.name)!.rate
  }
  return groups
}
