import type { LayerCost } from '../network/types'

/** WebAssembly addresses 32 bits; tfjs dies in the middle of a kernel when its heap is full. */
export const wasmLimitBytes = 2 ** 32 - 2 ** 16

export interface MemoryUse {
  /** False for a forward pass alone, whose outputs are freed as it goes. */
  training?: boolean
  /** Copies of all values: weights, gradients, two slots of Adam, w0, the start of the phase. */
  copies?: number
  /** Kept activations as a multiple of the network's own; see `StrategyCost`. */
  activationFactor?: number
  /** Values beside the network's own. */
  extraValues?: number
}

/**
 * Bytes that a step at this batch size takes at most, from `layerCosts` at the input size in use. In training every
 * output lives until the backward pass has used it, except that of a batch norm whose ReLU is computed with it; the
 * backward pass adds the gradients of two neighbouring layers. Measured: 1.0 to 1.5 times the heap that wasm grows to.
 */
export function predictBytes(costs: readonly LayerCost[], batch: number, use: MemoryUse = {}): number {
  const { training = true, copies = training ? 6 : 1, activationFactor = 1, extraValues = 0 } = use
  const values = costs.reduce((sum, cost) => sum + cost.parameters, 0)
  const largest = Math.max(0, ...costs.map((cost) => cost.activations))
  const kept = keptActivations(costs)
  const live = training ? activationFactor * kept + 2 * largest : 3 * largest
  return 4 * (batch * live + copies * values + extraValues) + baseBytes
}

/** Activations that a forward pass holds for its backward pass, for one image; what `activationFactor` multiplies. */
export const keptActivations = (costs: readonly LayerCost[]): number =>
  costs.reduce((sum, cost, i) => sum + (isFused(costs[i - 1], cost) ? 0 : cost.activations), 0)

/** tfjs's own module, tables, and what its allocator loses between blocks. */
const baseBytes = 32 * 2 ** 20

/** Batch norm (values but no products) followed by an activation (neither). */
const isFused = (before: LayerCost | undefined, cost: LayerCost): boolean =>
  before !== undefined &&
  before.multiplyAdds === 0 &&
  before.parameters > 0 &&
  cost.multiplyAdds === 0 &&
  cost.parameters === 0 &&
  cost.activations === before.activations

/** Largest batch that stays within `limit`, 0 where not even one image does. */
export function largestBatch(
  costs: readonly LayerCost[],
  limit = wasmLimitBytes,
  use: MemoryUse = {},
): number {
  const fixed = predictBytes(costs, 0, use)
  const each = predictBytes(costs, 1, use) - fixed
  return Math.max(0, Math.floor((limit - fixed) / each))
}
