import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { z } from 'zod'
import { pixelsSchema } from '../../../spec/schema'
import { UserError } from '../../../spec/types'
import { fileError } from '../source'
import { toFloat32, type DType } from '../values'
import { isRecord, type KerasLayer } from './config'
import type { PixelRange } from './reading'
import type { StoredWeight, WeightStore } from './weights'

const MAX_MODEL_JSON = 256e6

const weightSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.string(),
  quantization: z
    .object({ dtype: z.string(), scale: z.number().optional(), min: z.number().optional() })
    .optional(),
})
const manifestSchema = z.array(
  z.object({ paths: z.array(z.string()).min(1), weights: z.array(weightSchema) }),
)
type Weight = z.output<typeof weightSchema>

/** tfjs's number types by ours. */
const TYPES: Record<string, DType> = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
}
const BYTES: Record<string, number> = { float32: 4, float16: 2, int32: 4, uint16: 2, uint8: 1, bool: 1 }

/**
 * Reads a tfjs layers `model.json`: the Keras model it holds, its weights from the shards beside it, and what it
 * expects of pixels where Thaw wrote it.
 * @throws UserError for anything that is not such a file, and for shards that lie outside its folder
 */
export async function readTfjs(
  path: string,
  name: string,
): Promise<{ model: unknown; store: WeightStore; pixels?: PixelRange }> {
  const json = await readJson(path, name)
  if (
    json['format'] === 'graph-model' ||
    (isRecord(json['modelTopology']) && 'node' in json['modelTopology'])
  ) {
    throw new UserError(
      `${name} is a tfjs graph model, which cannot be trained; convert it to a layers model`,
    )
  }
  const topology = json['modelTopology']
  if (!isRecord(topology)) throw new UserError(`${name} is not a tfjs layers model: it has no modelTopology`)
  const manifest = manifestSchema.safeParse(json['weightsManifest'])
  if (!manifest.success) {
    const issue = manifest.error.issues[0]!
    throw new UserError(
      `${name}: weightsManifest${issue.path.map((part) => `.${String(part)}`).join('')}: ${issue.message}`,
    )
  }
  const weights = new Map<string, StoredWeight>()
  for (const group of manifest.data) {
    const bytes = await readShards(path, name, group.paths, group.weights)
    let offset = 0
    for (const weight of group.weights) {
      if (weights.has(weight.name)) throw new UserError(`${name}: the weight '${weight.name}' occurs twice`)
      const length = byteLength(weight, name)
      const slice = bytes.subarray(offset, offset + length)
      offset += length
      weights.set(weight.name, {
        name: weight.name,
        shape: weight.shape,
        read: () => Promise.resolve(decode(weight, slice)),
      })
    }
  }
  const metadata = json['userDefinedMetadata']
  const pixels = pixelsSchema.safeParse(isRecord(metadata) ? metadata['pixels'] : undefined).data
  return { model: topology['model_config'] ?? topology, store: new TfjsStore(weights), pixels }
}

async function readJson(path: string, name: string): Promise<Record<string, unknown>> {
  const text = await stat(path)
    .then((info) => {
      if (info.size > MAX_MODEL_JSON)
        throw new UserError(`${name} has ${info.size} bytes, more than a model.json can have`)
      return readFile(path, 'utf8')
    })
    .catch((error: unknown) => {
      throw error instanceof UserError ? error : fileError(error as NodeJS.ErrnoException, name)
    })
  try {
    const json: unknown = JSON.parse(text)
    if (isRecord(json)) return json
  } catch {
    // falls through to the one message
  }
  throw new UserError(`${name} is not a JSON object`)
}

function byteLength(weight: Weight, name: string): number {
  const dtype = weight.quantization?.dtype ?? weight.dtype
  if (!Object.hasOwn(BYTES, dtype))
    throw new UserError(
      `${name}: the weight '${weight.name}' has the type '${dtype}', which is not read here`,
    )
  return weight.shape.reduce((a, b) => a * b, 1) * BYTES[dtype]!
}

/** Affine quantization as tensorflowjs_converter writes it: value * scale + min. */
function decode({ name, dtype, quantization }: Weight, bytes: Uint8Array): Float32Array {
  const values = toFloat32(TYPES[quantization?.dtype ?? dtype]!, bytes, name)
  const { scale, min } = quantization ?? {}
  return scale === undefined || min === undefined ? values : values.map((value) => value * scale + min)
}

async function readShards(
  path: string,
  name: string,
  paths: readonly string[],
  weights: readonly Weight[],
): Promise<Uint8Array> {
  const needed = weights.reduce((sum, weight) => sum + byteLength(weight, name), 0)
  const files = await Promise.all(paths.map((shard) => shardPath(path, name, shard)))
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const total = sizes.reduce((a, b) => a + b, 0)
  if (total !== needed) {
    throw new UserError(
      `${name}: its weights need ${needed} bytes, its shards (${paths.slice(0, 3).join(', ')}…) have ${total}`,
    )
  }
  const bytes = new Uint8Array(total)
  let offset = 0
  for (const file of files) {
    const part = await readFile(file)
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

/** A shard must lie in the folder of its model.json, links followed. */
async function shardPath(model: string, name: string, shard: string): Promise<string> {
  const outside = (): UserError =>
    new UserError(`${name}: the shard '${shard}' lies outside the model's folder; it is not read`)
  const climbs = (path: string): boolean =>
    path === '..' || path.startsWith('../') || path.startsWith('..\\') || isAbsolute(path)
  if (shard.includes('\0') || isAbsolute(shard) || /^[a-z][a-z0-9+.-]*:/i.test(shard) || /^[\\/]/.test(shard))
    throw outside()
  const folder = dirname(model)
  const file = join(folder, shard)
  if (climbs(relative(folder, file))) throw outside()
  const real = await realpath(file).catch((error: NodeJS.ErrnoException) => {
    throw fileError(error, `${name}'s shard ${shard}`)
  })
  if (climbs(relative(await realpath(folder), real))) throw outside()
  if (!(await stat(real)).isFile()) throw new UserError(`${name}: the shard '${shard}' is not a file`)
  return real
}

class TfjsStore implements WeightStore {
  private readonly byEnd = new Map<string, StoredWeight[]>()

  constructor(private readonly weights: ReadonlyMap<string, StoredWeight>) {
    for (const weight of weights.values()) {
      // `scope/conv1/kernel` can be asked for as `conv1/kernel`
      const key = weight.name.split('/').slice(-2).join('/')
      this.byEnd.set(key, [...(this.byEnd.get(key) ?? []), weight])
    }
  }

  find(layer: KerasLayer, weight: string): StoredWeight | undefined {
    for (const name of [layer.name, layer.ownName]) {
      const exact = this.weights.get(`${name}/${weight}`)
      if (exact) return exact
    }
    const scoped = this.byEnd.get(`${layer.ownName}/${weight}`) ?? []
    return scoped.length === 1 ? scoped[0] : undefined
  }
}
