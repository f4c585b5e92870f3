import { unzipSync, type UnzipFileInfo } from 'fflate'
import { readFile, stat } from 'node:fs/promises'
import { UserError } from '../../../spec/types'
import { fileError } from '../source'
import { isRecord, type KerasLayer } from './config'
import type { StoredWeight, WeightStore } from './weights'

const CONFIG = 'config.json'
const WEIGHTS = 'model.weights.h5'
const LIMITS: Record<string, number> = { [CONFIG]: 64e6, [WEIGHTS]: 2e9 }
/** Weights hardly compress; a small file that claims to grow by more than this is a bomb. */
const MAX_RATIO = 200
const MAX_ARCHIVE = 2e9

interface H5Group {
  get(path: string): unknown
}

interface H5Dataset {
  shape: number[]
  dtype: unknown
  value: ArrayLike<number> | ArrayLike<bigint> | null
}

/**
 * Reads a Keras 3 archive (`.keras`): a zip with config.json and model.weights.h5. Nothing is written to disk.
 * @throws UserError for anything else, and for an archive that would unpack to far more than it is
 */
export async function readKerasArchive(
  path: string,
  name: string,
): Promise<{ model: unknown; store: WeightStore; close(): void }> {
  const bytes = await stat(path)
    .then((info) => {
      if (info.size > MAX_ARCHIVE) throw new UserError(`${name} is larger than ${MAX_ARCHIVE / 1e9} GB`)
      return readFile(path)
    })
    .catch((error: unknown) => {
      throw error instanceof UserError ? error : fileError(error as NodeJS.ErrnoException, name)
    })
  const files = unzip(bytes, name)
  const config = files[CONFIG]
  const weights = files[WEIGHTS]
  if (!config || !weights)
    throw new UserError(`${name} is not a Keras 3 archive: it has no ${config ? WEIGHTS : CONFIG}`)
  let model: unknown
  try {
    model = JSON.parse(new TextDecoder().decode(config))
  } catch {
    throw new UserError(`${name}: its ${CONFIG} is not JSON`)
  }
  if (!isRecord(model)) throw new UserError(`${name}: its ${CONFIG} is not a JSON object`)
  return { model, ...(await openWeights(weights, name)) }
}

function unzip(bytes: Uint8Array, name: string): Record<string, Uint8Array> {
  const wanted = ({ name: file, size, originalSize }: UnzipFileInfo): boolean => {
    const limit = Object.hasOwn(LIMITS, file) ? LIMITS[file]! : 0
    if (limit === 0) return false
    if (originalSize > limit || (originalSize > 16e6 && originalSize > size * MAX_RATIO)) {
      throw new UserError(
        `${name}: its ${file} would unpack from ${size} to ${originalSize} bytes; it is not read`,
      )
    }
    return true
  }
  try {
    return unzipSync(bytes, { filter: wanted })
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(
      `${name} is not a whole zip archive, as .keras files are; it may be truncated, or HDF5 from Keras 2`,
    )
  }
}

let opened = 0

async function openWeights(bytes: Uint8Array, name: string): Promise<{ store: WeightStore; close(): void }> {
  // half a megabyte of WebAssembly that only these files need
  const { File, ready } = await import('h5wasm')
  const { FS, activate_throwing_error_handler } = await ready
  // without it the library prints its own stack of errors
  activate_throwing_error_handler()
  const inside = `weights-${opened++}.h5`
  FS.writeFile(inside, bytes)
  const broken = (): UserError => new UserError(`${name}: its ${WEIGHTS} is not a whole HDF5 file`)
  try {
    const file = new File(inside, 'r')
    if (file.file_id < 0n) throw broken()
    return {
      store: new H5Store(file as unknown as H5Group, name),
      close: () => {
        file.close()
        FS.unlink(inside)
      },
    }
  } catch {
    FS.unlink(inside)
    throw broken()
  }
}

class H5Store implements WeightStore {
  constructor(
    private readonly file: H5Group,
    private readonly name: string,
  ) {}

  /** By Keras's counter of classes, as every version writes; else by the layer's name. */
  find(layer: KerasLayer, weight: string, index: number): StoredWeight | undefined {
    const byName = layer.group.replace(/[^/]*$/, layer.ownName)
    for (const group of [layer.group, byName]) {
      // TensorFlow 2.13 called the containers so
      for (const path of [group, group.replaceAll('layers/', '_layer_checkpoint_dependencies/')]) {
        const found = this.dataset(`${path}/vars/${index}`)
        if (found) return this.stored(found, `${layer.name}/${weight}`)
      }
    }
    return undefined
  }

  private dataset(path: string): H5Dataset | undefined {
    try {
      const item = this.file.get(path)
      return isRecord(item) && Array.isArray(item['shape']) ? (item as unknown as H5Dataset) : undefined
    } catch {
      return undefined
    }
  }

  private stored(dataset: H5Dataset, name: string): StoredWeight {
    return {
      name,
      shape: dataset.shape,
      read: () => {
        const { value } = dataset
        const size = dataset.shape.reduce((a, b) => a * b, 1)
        if (value === null || value.length !== size || typeof value[0] === 'string') {
          return Promise.reject(new UserError(`${this.name}: the weight '${name}' holds no numbers`))
        }
        return Promise.resolve(Float32Array.from(value as ArrayLike<number>, Number))
      },
    }
  }
}
