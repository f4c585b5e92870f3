import { chooseBranches } from '../routing/fixed'
import type { NetworkGraph } from '../../network/types'
import type { Options } from './meta'
import type { Structure } from './structure'

/** What a run keeps of its routes beside weights; plain JSON. */
export interface RouteState {
  /** Mean share of training images that ran each block tuned, over about one epoch. */
  usage: number[]
  /** Steps that went into it. */
  steps: number
}

/**
 * Routes that hold for every image, where they do: all tuned, all frozen, or with `k` those blocks that more than half
 * of the training images ran tuned (all, before any has).
 */
export function fixedRoutes(
  { blocks }: Structure,
  { policy, k }: Options,
  { usage, steps }: RouteState,
): boolean[] | undefined {
  if (policy === 'all-tuned' || policy === 'all-frozen') return blocks.map(() => policy === 'all-tuned')
  if (k === undefined) return undefined
  return blocks.map((_, i) => steps === 0 || usage[i]! > 0.5)
}

/** The plain network of fixed routes, whose frozen blocks read the frozen branch's names. */
export const fixedGraph = (graph: NetworkGraph, { blocks }: Structure, routes: readonly boolean[]) =>
  chooseBranches(graph, blocks, routes)

/** Moves the usage by the shares of one step; a plain mean until `window` steps are in it. */
export function follow({ usage, steps }: RouteState, shares: readonly number[], window: number): RouteState {
  const weight = 1 / Math.min(steps + 1, Math.max(1, window))
  return {
    usage: shares.map((share, i) => (steps === 0 ? share : usage[i]! + (share - usage[i]!) * weight)),
    steps: steps + 1,
  }
}
