import { architectures, backboneOf, createGraph, HEAD_BIAS, HEAD_WEIGHT, type NetworkGraph } from '../network'
import type { ExportOptions } from './export'
import { toOrigin } from './layout'
import { writeSafetensors, type TensorToWrite } from './safetensors'

/**
 * Names under which the head is written: those of the architecture's own classifier when the whole backbone is there,
 * so that PyTorch's `strict=True` finds it; its own otherwise.
 */
function headNames(graph: NetworkGraph): Map<string, string> {
  if (!architectures.includes(graph.architecture) || !graph.parameters.has(HEAD_WEIGHT)) return new Map()
  const whole = createGraph(graph.architecture)
  if ([...backboneOf(whole).parameters.keys()].some((name) => !graph.parameters.has(name))) return new Map()
  const { kernel, bias } = whole.nodes.findLast((node) => node.op.kind === 'dense')!.parameters
  return new Map([
    [HEAD_WEIGHT, kernel!],
    [HEAD_BIAS, bias!],
  ])
}

/** `model.safetensors` with names and layouts of origin. */
export function exportSafetensors(
  graph: NetworkGraph,
  values: ReadonlyMap<string, Float32Array>,
  { classes }: ExportOptions,
): Map<string, Uint8Array> {
  const renamed = headNames(graph)
  const tensors = new Map<string, TensorToWrite>()
  for (const info of graph.parameters.values()) {
    tensors.set(renamed.get(info.name) ?? info.name, toOrigin(info, values.get(info.name)!))
    // PyTorch's batch norm has this counter, and strict=True misses it
    if (info.role === 'mean' && info.name.endsWith('.running_mean')) {
      const counter = info.name.replace(/running_mean$/, 'num_batches_tracked')
      tensors.set(counter, { shape: [], data: BigInt64Array.of(0n) })
    }
  }
  const metadata = {
    format: 'pt',
    architecture: graph.architecture,
    inputShape: JSON.stringify(graph.inputShape),
    ...(classes ? { classes: JSON.stringify(classes) } : {}),
  }
  return new Map([['model.safetensors', writeSafetensors(tensors, metadata)]])
}
