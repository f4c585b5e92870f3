import type { ParameterSource, NetworkGraph } from '../network/types'
import { exportSafetensors } from './exportSafetensors'
import { exportTfjs } from './exportTfjs'

export interface ExportOptions {
  /** Class names, kept in the file's metadata. */
  classes?: readonly string[]
}

/**
 * A network as files: name to bytes.
 *
 * `safetensors` has the names and layouts of the file of origin and loads in PyTorch with `strict=True`; `tfjs` is a
 * layers model that stock tfjs loads, with the scaling of pixels as its first layer.
 * @throws UserError when the format cannot say what the network computes
 */
export async function exportModel(
  graph: NetworkGraph,
  bank: ParameterSource,
  format: 'safetensors' | 'tfjs',
  options: ExportOptions = {},
): Promise<Map<string, Uint8Array>> {
  const values = new Map<string, Float32Array>()
  for (const name of graph.parameters.keys()) values.set(name, (await bank.get(name).data()) as Float32Array)
  return format === 'tfjs' ? exportTfjs(graph, values, options) : exportSafetensors(graph, values, options)
}
