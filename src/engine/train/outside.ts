import { UserError } from '../../spec/types'
import { fileSource, openSafetensors, type StoredTensor } from '../formats'
import type { NetworkGraph, PlainValue } from '../network/types'

/** Path of a file that the run file names, relative to the run file's folder. */
function beside(base: string, path: string): string {
  return /^([/\\]|[A-Za-z]:)/.test(path) ? path : `${base}/${path}`
}

async function readAll(field: string, base: string, path: string): Promise<Map<string, StoredTensor>> {
  const source = await fileSource(beside(base, path), `${field} (${path})`)
  try {
    const reader = await openSafetensors(source)
    const tensors = new Map<string, StoredTensor>()
    for (const name of reader.entries.keys()) tensors.set(name, await reader.tensor(name))
    return tensors
  } finally {
    await source.close()
  }
}

/**
 * Values of `train.initialize`: parameters and buffers in our own layout, set before step 0.
 * @throws UserError for a name or a shape that the network does not have
 */
export async function readInitialize(
  graph: NetworkGraph,
  base: string,
  path: string,
): Promise<Map<string, PlainValue>> {
  const values = await readAll('train.initialize', base, path)
  for (const [name, { shape }] of values) {
    const info = graph.parameters.get(name)
    if (!info)
      throw new UserError(
        `train.initialize: the network has no parameter or buffer "${name}"; see the layer table of the run for its names`,
      )
    if (shape.join() !== info.shape.join())
      throw new UserError(
        `train.initialize: "${name}" has shape [${shape}], the network needs [${info.shape}]`,
      )
  }
  return new Map([...values].map(([name, { shape, data }]) => [name, { shape, data }]))
}

/** Outside inputs of `train.inputs` by name; `batch_order` holds positions in the train split. */
export async function readInputs(base: string, path: string): Promise<Map<string, StoredTensor>> {
  return readAll('train.inputs', base, path)
}
