import type { BatchNormMode, DeclaredPhase, LayerDeclaration, LayerInfo } from '../../events/types'
import type { FreezeSpec, ResolvedSpec } from '../../spec/schema'
import { matchParameters } from '../network'
import type { NetworkGraph, ParameterInfo } from '../network/types'
import type { Phase, PlanContext, Strategy } from '../strategies/types'
import { STANDARDISE_LAYER } from './standardise'

/** A phase with its place in the run and in the schedule's curve. */
export interface PlannedPhase {
  phase: Phase
  index: number
  /** First step (0-based) and the step after the last. */
  from: number
  to: number
  /** Where the curve of its schedule starts, and how many steps that curve has. */
  curve: { from: number; total: number }
}

/** The strategy's phases, narrowed by the run file's own `freeze` list where there is one. */
export function planPhases<O>(context: PlanContext, strategy: Strategy<O>, options: O): PlannedPhase[] {
  const own = strategy.plan(context, options)
  return placePhases(context.spec.freeze?.length ? applyFreezeList(context, own, context.spec.freeze) : own)
}

/**
 * A freeze list says what trains when; the objective (terms, pull, rates) stays that of the strategy's last phase, and
 * phases that are solved at once come first as they are.
 */
function applyFreezeList(
  { spec, graph, steps }: PlanContext,
  own: readonly Phase[],
  freeze: FreezeSpec,
): Phase[] {
  const solved = own.filter((phase) => phase.solve)
  const objective = own.findLast((phase) => !phase.solve) ?? own.at(-1)!
  let left = steps
  const phases = freeze.map((entry, i): Phase => {
    const matched = matchParameters(graph, entry.train)
    const normsLearn = batchNormsIn(graph, matched)
    const length = Math.min(left, entry.steps ?? left)
    left -= length
    const mode = entry.batchNorm ?? spec.train.batchNorm ?? 'eval_affine'
    return {
      ...objective,
      solve: undefined,
      restartsSchedule: false,
      name: entry.name ?? `phase ${i + 1}`,
      steps: length,
      trains: (parameter) =>
        matched.has(parameter.name) || (parameter.owned !== undefined && objective.trains(parameter)),
      batchNorm: (layer) => (normsLearn.has(layer) ? mode : 'frozen'),
    }
  })
  return [...solved, ...phases]
}

/** Batch norms that patterns reach: named whole or by some parameter or statistic. */
function batchNormsIn(graph: NetworkGraph, matched: ReadonlySet<string>): Set<string> {
  return new Set([...graph.parameters.values()].filter((p) => matched.has(p.name)).map((p) => p.layer))
}

function placePhases(phases: readonly Phase[]): PlannedPhase[] {
  let from = 0
  const placed = phases.map((phase, index): PlannedPhase => {
    const start = from
    from += phase.steps
    return { phase, index, from: start, to: from, curve: { from: 0, total: 0 } }
  })
  // one curve runs from a phase that restarts it to the next that does
  for (let i = 0; i < placed.length;) {
    let end = i + 1
    while (end < placed.length && !placed[end]!.phase.restartsSchedule) end++
    const curve = { from: placed[i]!.from, total: placed[end - 1]!.to - placed[i]!.from }
    for (; i < end; i++) placed[i]!.curve = curve
  }
  return placed
}

/** What a phase trains once a person's live freezes and thaws are laid over it. */
export interface ActivePhase {
  planned: PlannedPhase
  /** In the order of the graph's parameters. */
  trained: readonly ParameterInfo[]
  trainedNames: ReadonlySet<string>
  /** Those and what the strategy's runtime changes by itself: all that is declared to move. */
  movingNames: ReadonlySet<string>
  mode(layer: string): BatchNormMode
}

/**
 * @param overrides by parameter and buffer: true trains it, false freezes it, whatever the phase says. A batch norm
 * follows its running mean.
 */
export function activate(
  graph: NetworkGraph,
  spec: ResolvedSpec,
  planned: PlannedPhase,
  overrides: ReadonlyMap<string, boolean>,
): ActivePhase {
  const { phase } = planned
  const means = new Map(graph.nodes.map((node) => [node.name, node.parameters.mean]))
  const mode = (layer: string): BatchNormMode => {
    const override = overrides.get(means.get(layer) ?? '')
    if (layer === STANDARDISE_LAYER || override === false) return 'frozen'
    const own = phase.batchNorm(layer)
    return own === 'frozen' && override ? (spec.train.batchNorm ?? 'eval_affine') : own
  }
  const affine = (parameter: ParameterInfo) => parameter.role === 'gamma' || parameter.role === 'beta'
  const trained = [...graph.parameters.values()].filter(
    (parameter) =>
      !parameter.buffer &&
      parameter.layer !== STANDARDISE_LAYER &&
      (overrides.get(parameter.name) ?? phase.trains(parameter)) &&
      !(affine(parameter) && mode(parameter.layer) === 'frozen'),
  )
  const trainedNames = new Set(trained.map((parameter) => parameter.name))
  const moved = [...graph.parameters.values()].filter(
    (parameter) => parameter.owned && phase.moves?.(parameter),
  )
  const movingNames = new Set([...trainedNames, ...moved.map((parameter) => parameter.name)])
  return { planned, trained, trainedNames, movingNames, mode }
}

/** The phase as `run-started` and `phase` events tell it. */
export function declare(active: ActivePhase, layers: readonly LayerInfo[]): DeclaredPhase {
  const { phase, index, from, to } = active.planned
  const declared = layers.map((layer): LayerDeclaration => ({
    training: layer.names.some((name) => active.movingNames.has(name)),
    ...(layer.batchNorm && { batchNorm: active.mode(layer.name) }),
  }))
  return { index, name: phase.name, from, to, declared }
}
