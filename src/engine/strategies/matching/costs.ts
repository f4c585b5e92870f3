import { cutGraph, inputShapeOf, layerCosts } from '../../network'
import type { NetworkGraph } from '../../network/types'

/** Multiply-adds of all that a layer's output depends on, for one image. */
export const untilLayer = (graph: NetworkGraph, side: number, layer: string): number =>
  layerCosts(cutGraph(graph, layer), inputShapeOf(graph, side)).reduce(
    (sum, { multiplyAdds }) => sum + multiplyAdds,
    0,
  )
