import { largestBatch, predictBytes, wasmLimitBytes, type MemoryUse } from '../backend/memory'
import { inputShapeOf, layerCosts } from '../network'
import type { LayerCost, NetworkGraph, ParameterInfo } from '../network/types'
import type { StrategyCost } from '../strategies/types'
import { frozenPrefix } from './frozenPrefix'
import { activate, type ActivePhase } from './plan'
import type { Setup } from './setup'

/** What a run will take, from its network and strategy alone. */
export interface RunCost {
  /** Multiply-adds for one image: forward pass, full fine-tuning step, the exported network. */
  forward: number
  full: number
  infer: number
  /** Of a step in each phase; of one that is solved at once, a forward pass. */
  phases: readonly number[]
  /** Most bytes that a step takes. */
  bytes: number
  /** Largest batch that wasm's memory holds; 0 where not even one image fits. */
  largestBatch: number
}

const sum = (rows: readonly LayerCost[], passes: (row: LayerCost, i: number) => number = () => 1): number =>
  rows.reduce((total, row, i) => total + row.multiplyAdds * passes(row, i), 0)

/**
 * The strategy's own estimate for phases that are its own; for plain ones forward and, above the lowest layer that
 * trains, back through inputs, and through weights where they train.
 */
export function costOfRun(setup: Setup): RunCost {
  const { spec, graph, strategy, options, context, phases } = setup
  const rows = layerCosts(graph, inputShapeOf(graph, spec.model.inputSize))
  const forward = sum(rows)
  const own = strategy.cost?.(context, options)
  const actives = phases.map((planned) => activate(graph, spec, planned, new Map()))
  const byPhase = actives.map((active, i) => {
    if (own?.phases?.length === phases.length) return own.phases[i]!
    return isPlain(active) || !own ? plainStep(rows, active) : own.trainMultiplyAdds
  })
  const uses = actives.map((active) => memoryOf(graph, rows, active, own))
  return {
    forward,
    full: 3 * forward,
    infer: own?.inferMultiplyAdds ?? forward,
    phases: byPhase,
    bytes: Math.max(...uses.map(([taped, use]) => predictBytes(taped, spec.train.batchSize, use))),
    largestBatch: Math.min(...uses.map(([taped, use]) => largestBatch(taped, wasmLimitBytes, use))),
  }
}

const isPlain = ({ planned: { phase } }: ActivePhase): boolean =>
  !phase.forward && !phase.teacherHooks?.length

function plainStep(rows: readonly LayerCost[], { trained }: { trained: readonly ParameterInfo[] }): number {
  const layers = new Set(trained.map(({ layer }) => layer))
  const first = rows.findIndex(({ layer }) => layers.has(layer))
  return sum(rows, ({ layer }, i) => 1 + Number(first >= 0 && i > first) + Number(layers.has(layer)))
}

/** A frozen prefix runs without a tape; what a strategy keeps beside the network counts in every phase. */
function memoryOf(
  graph: NetworkGraph,
  rows: readonly LayerCost[],
  active: ActivePhase,
  own: StrategyCost | undefined,
): [LayerCost[], MemoryUse] {
  const at = rows.findIndex(({ layer }) => layer === frozenPrefix(graph, active))
  const taped = rows.map((row, i) => (i < at ? { ...row, activations: 0 } : row))
  const activationFactor = isPlain(active) ? 1 : own?.activationFactor
  return [taped, { activationFactor, extraValues: own?.extraValues }]
}
