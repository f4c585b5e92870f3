/** The network as a graph of named layers: architectures, executor, stages, surgery, costs, values. */
export * from './types'
export { createGraph, architectures } from './architectures'
export { GraphBuilder } from './builder'
export { inferShapes } from './shapes'
export { inferStages, assignStages, reductions } from './stages'
export { trunkOf } from './trunk'
export { cutGraph, backboneOf, outputOf } from './cut'
export { attachHead, featureLayer, HEAD_BIAS, HEAD_WEIGHT } from './head'
export { runGraph } from './run'
export { createBank } from './bank'
export { initialise } from './initialise'
export { inputShapeOf, layerCosts } from './costs'
export { layerTable, matchLayers, matchParameters } from './layers'
export { suggest } from './suggest'
export { channelMap, factorSite, type ChannelGroup, type ChannelMap, type ResidualRule } from './pruneGroups'
export { PrunedCost } from './pruneCosts'
export {
  keptOutputs,
  narrowInfo,
  pruneGraph,
  rowsWithin,
  takeRows,
  type KeptAxes,
  type KeptChannels,
  type KeptParameters,
} from './pruneCut'
export { selectChannels, type Selection } from './pruneSelect'
