import { UserError } from '../../spec/types'
import { HEAD_BIAS, HEAD_WEIGHT } from '../network'
import type { NetworkGraph, PlainValue } from '../network/types'
import { fromOrigin, originShape } from './layout'
import type { SafetensorsReader } from './safetensors'

const LISTED = 8

const list = (names: readonly string[]): string =>
  names.slice(0, LISTED).join(', ') + (names.length > LISTED ? ` and ${names.length - LISTED} more` : '')

/**
 * Counters that PyTorch keeps beside batch norm, from which nothing is computed; and the head of a cut network that
 * was exported here, which a run replaces by one for its own classes.
 */
const ignored = (name: string): boolean =>
  name.endsWith('num_batches_tracked') || name === HEAD_WEIGHT || name === HEAD_BIAS

/** What the exported networks of `spottune` and `adafilter` have beside the plain one. */
const routed = (names: readonly string[]): boolean =>
  names.some((name) => name.startsWith('frozen.')) &&
  names.every((name) => /^(frozen|policy|gates)\./.test(name))

/**
 * Values of every parameter and buffer of a graph from a file, in our layout. Strict, as PyTorch's `strict=True`:
 * a name that is missing, unexpected or of another shape is an error, and so is a value that is NaN or infinite.
 */
export async function matchTensors(
  graph: NetworkGraph,
  reader: SafetensorsReader,
  file: string,
): Promise<Map<string, PlainValue>> {
  const missing = [...graph.parameters.keys()].filter((name) => !reader.entries.has(name))
  const unexpected = [...reader.entries.keys()].filter(
    (name) => !graph.parameters.has(name) && !ignored(name),
  )
  if (missing.length === 0 && routed(unexpected))
    throw new UserError(
      `${file} was exported from a run that routes images through two branches (spottune, adafilter), and such a network is no start for another run; name another file, export a spottune run with "k", which leaves a plain network, or use the run itself with \`thaw predict\` and \`thaw evaluate\``,
    )
  const wrong = [...graph.parameters.values()].flatMap((info) => {
    const entry = reader.entries.get(info.name)
    const shape = originShape(info)
    return entry && entry.shape.join() !== shape.join()
      ? [`${info.name} [${entry.shape}] instead of [${shape}]`]
      : []
  })
  const faults = [
    missing.length > 0 && `${missing.length} missing: ${list(missing)}`,
    unexpected.length > 0 && `${unexpected.length} unexpected: ${list(unexpected)}`,
    wrong.length > 0 && `${wrong.length} of another shape: ${list(wrong)}`,
  ].filter((fault) => fault !== false)
  if (faults.length > 0)
    throw new UserError(`${file} does not fit ${graph.architecture}: ${faults.join('; ')}`)
  const values = new Map<string, PlainValue>()
  for (const info of graph.parameters.values()) {
    values.set(info.name, fromOrigin(info, (await reader.tensor(info.name)).data))
  }
  assertFinite(values, file)
  return values
}

/** @throws UserError naming the tensors with NaN or infinite values */
export function assertFinite(values: ReadonlyMap<string, PlainValue>, file: string): void {
  const broken = [...values].filter(([, { data }]) => !allFinite(data)).map(([name]) => name)
  if (broken.length === 0) return
  throw new UserError(
    `${file} has NaN or infinite values in ${list(broken)}; training from them would fail, use another file`,
  )
}

function allFinite(data: Float32Array): boolean {
  // the sum of values times zero is NaN as soon as one of them is not finite
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += data[i]! * 0
  return sum === 0
}
