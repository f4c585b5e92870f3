import { UserError } from '../../spec/types'
import { fileSource, fromOrigin, openSafetensors, originShape, type StoredTensor } from '../formats'
import { HEAD_BIAS, HEAD_WEIGHT, suggest } from '../network'
import type { NetworkGraph, PlainValue } from '../network/types'
import { CHECKPOINT_FILES, readState } from './checkpoint'
import type { Setup } from './setup'

/** Path of a file that the run file names, relative to the run file's folder. */
function beside(base: string, path: string): string {
  return /^([/\\]|[A-Za-z]:)/.test(path) ? path : `${base}/${path}`
}

/** @throws UserError that begins with the field */
async function readAll(field: string, base: string, path: string): Promise<Map<string, StoredTensor>> {
  try {
    return await readTensors(beside(base, path), path)
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${field}: ${error.message}`) : error
  }
}

async function readTensors(path: string, name: string): Promise<Map<string, StoredTensor>> {
  const source = await fileSource(path, name)
  try {
    const reader = await openSafetensors(source)
    const tensors = new Map<string, StoredTensor>()
    for (const name of reader.entries.keys()) tensors.set(name, await reader.tensor(name))
    return tensors
  } finally {
    await source.close()
  }
}

/** Counters that PyTorch keeps beside batch norm; nothing is computed from them. */
const isCounter = (name: string): boolean => name.endsWith('num_batches_tracked')

/**
 * Values of `train.initialize`: parameters and buffers under the names and in the layouts of the file that the network
 * comes from, as `thaw export` writes them (`head.weight` is [classes, features]); set before step 0.
 * @throws UserError for a name or a shape that the network does not have
 */
export async function readInitialize(
  graph: NetworkGraph,
  base: string,
  path: string,
): Promise<Map<string, PlainValue>> {
  const values = await readAll('train.initialize', base, path)
  const set = new Map<string, PlainValue>()
  for (const [name, { shape, data }] of values) {
    if (isCounter(name)) continue
    const info = graph.parameters.get(name)
    if (!info) {
      const near = suggest(name, [...graph.parameters.keys()])
      throw new UserError(`train.initialize: the network has no parameter or buffer "${name}"; ${near}`)
    }
    const wanted = originShape(info)
    if (name === HEAD_WEIGHT && shape.length === 2 && shape[1] === wanted[1] && shape[0] !== wanted[0])
      throw new UserError(
        `train.initialize: its head tells ${shape[0]} classes apart, and data.source has ${wanted[0]}; leave ${HEAD_WEIGHT} and ${HEAD_BIAS} out of the file, so that a new head is learned, or use the classes it was trained on`,
      )
    if (shape.join() !== wanted.join())
      throw new UserError(
        `train.initialize: "${name}" has shape [${shape.join(', ')}], the network needs [${wanted.join(', ')}]; write it as \`thaw export\` does`,
      )
    set.set(name, fromOrigin(info, data))
  }
  return set
}

/**
 * Files of the checkpoint folder that `train.from` names.
 * @throws UserError when it is none
 */
export async function readFrom(
  base: string,
  path: string,
): Promise<{ step: number; files: Map<string, Uint8Array> }> {
  const files = new Map<string, Uint8Array>()
  for (const name of Object.values(CHECKPOINT_FILES)) {
    const bytes = await readFile(`${beside(base, path)}/${name}`, `${path}/${name}`)
    if (bytes) files.set(name, bytes)
    else if (name === CHECKPOINT_FILES.state)
      throw new UserError(`train.from: there is no checkpoint in ${path}; name a folder with its ${name}`)
  }
  return { step: readState(files).step, files }
}

/** Undefined where there is no such file: not every checkpoint has all. */
async function readFile(path: string, name: string): Promise<Uint8Array | undefined> {
  const source = await fileSource(path, name).catch(() => undefined)
  if (!source) return undefined
  try {
    return await source.read(0, source.size)
  } finally {
    await source.close()
  }
}

/** The tensors of `train.inputs`: the order of the batches, and what a strategy takes. */
export interface Inputs {
  /** Positions in the train split, one batch after the other; checked where the stream is made. */
  order?: Float32Array
  others: Map<string, PlainValue>
}

const ORDER = 'batch_order'

/** Whether a strategy takes an input of this name; a trailing `*` in `known` matches all that begins so. */
export const takes = (known: readonly string[], name: string): boolean =>
  known.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry))

/** Names that `train.inputs` may hold beside `batch_order`, for `takes`. */
export const inputNames = ({ strategy, options, context }: Setup): string[] => [
  ...(strategy.draws?.(context, options) ?? []).map(({ name }) => name),
  ...(strategy.inputs?.(context, options) ?? []),
]

/**
 * Tensors of `train.inputs`; none where the run file names no file.
 * @param known names that the strategy takes beside `batch_order`; a trailing `*` matches all that begins so
 * @throws UserError for inputs that the run does not take
 */
export async function readInputs(
  base: string,
  path: string | undefined,
  known: readonly string[],
): Promise<Inputs> {
  if (path === undefined) return { others: new Map() }
  const inputs = await readAll('train.inputs', base, path)
  const odd = [...inputs.keys()].find((name) => name !== ORDER && !takes(known, name))
  if (odd !== undefined)
    throw new UserError(
      `train.inputs: there is no input "${odd}"; ${path} may hold ${[ORDER, ...known].join(', ')}`,
    )
  const others = new Map([...inputs].filter(([name]) => name !== ORDER))
  return { order: inputs.get(ORDER)?.data, others }
}
