import { readdir } from 'node:fs/promises'
import { extname, isAbsolute, join } from 'node:path'
import type { ModelSpec } from '../../spec/schema'
import { UserError } from '../../spec/types'
import {
  architectures,
  backboneOf,
  createGraph,
  cutGraph,
  type LoadedModel,
  type NetworkGraph,
} from '../network'
import { readKerasArchive } from './keras/archive'
import { flattenModel } from './keras/config'
import { convertModel } from './keras/convert'
import { readTfjs } from './keras/tfjs'
import type { WeightStore } from './keras/weights'
import { matchTensors } from './match'
import { packagedNetwork } from './packaged'
import { narrowTo, recognise } from './recognise'
import { openSafetensors } from './safetensors'
import { fileSource } from './source'
import type { LoadOptions } from './types'

type Model = Pick<ModelSpec, 'source'> & Partial<ModelSpec>

/**
 * The network that a run file names, cut where it says; without `cut` the classifier is left out.
 *
 * `source` is `thaw:NAME`, a path to .safetensors, model.json (tfjs layers) or .keras, or `none` for an
 * architecture without weights (then `values` is empty: see `initialise`).
 * @throws UserError that says what is wrong with the file and what to write instead
 */
export async function loadModel(spec: Model, options: LoadOptions): Promise<LoadedModel> {
  const loaded = await loadWhole(spec, options)
  const graph = shorten(loaded.graph, spec, options)
  const values = new Map([...loaded.values].filter(([name]) => graph.parameters.has(name)))
  return { ...loaded, graph, values }
}

function shorten(graph: NetworkGraph, spec: Model, options: LoadOptions): NetworkGraph {
  if (spec.cut !== undefined) return cutGraph(graph, spec.cut)
  return options.keepHead ? graph : backboneOf(graph)
}

async function loadWhole(spec: Model, options: LoadOptions): Promise<LoadedModel> {
  const { source, architecture, inputSize } = spec
  if (spec.pixels !== undefined && !/\.(json|keras)$/i.test(source))
    throw new UserError(
      `model.pixels: ${source} has the scaling of its architecture; leave model.pixels out, it is for .keras files and tfjs model.json`,
    )
  if (source === 'none') {
    if (architecture === undefined)
      throw new UserError(`model.source 'none' needs model.architecture, for example 'small_cnn'`)
    return {
      graph: createGraph(architecture, { inputSize }),
      values: new Map(),
      source: `none (${architecture})`,
    }
  }
  if (source.startsWith('thaw:')) return loadPackaged(spec, options)
  const path = isAbsolute(source) ? source : join(options.base, source)
  switch (extname(path).toLowerCase()) {
    case '.safetensors':
      return loadSafetensors(path, source, spec)
    case '.json':
      return loadTfjs(path, source, spec)
    case '.keras':
      return loadKeras(path, source, spec)
    default:
      throw new UserError(
        `the model '${source}' is of no kind that is read; write ${(await within(path, source)) ?? 'thaw:NAME, a .safetensors file, a model.json of tfjs layers, or a .keras file'}`,
      )
  }
}

/** The model in a folder that was named in its place, for example one that `thaw export` wrote. */
async function within(path: string, source: string): Promise<string | undefined> {
  const names = await readdir(path).catch((): string[] => [])
  const found = ['model.safetensors', 'model.json'].find((name) => names.includes(name))
  return found && join(source, found)
}

async function loadPackaged(spec: Model, options: LoadOptions): Promise<LoadedModel> {
  const network = await packagedNetwork(options.media, spec.source.slice('thaw:'.length))
  if (spec.architecture !== undefined && spec.architecture !== network.architecture) {
    throw new UserError(
      `${spec.source} is of the architecture ${network.architecture}, not ${spec.architecture}; leave model.architecture out`,
    )
  }
  const inputSize = spec.inputSize ?? network.inputSize
  const whole = createGraph(network.architecture, { inputSize })
  const graph = network.cut === undefined ? whole : cutGraph(whole, network.cut)
  return { graph, values: await readValues(network.path, spec.source, graph), source: spec.source }
}

async function loadSafetensors(path: string, name: string, spec: Model): Promise<LoadedModel> {
  const file = await fileSource(path, name)
  try {
    const reader = await openSafetensors(file)
    const wanted = spec.architecture ?? statedArchitecture(reader.metadata)
    const { architecture, cut, classes, narrowed } = recognise(reader.entries, name, wanted)
    const inputSize = spec.inputSize ?? statedSize(reader.metadata)
    const whole = createGraph(architecture, { classes, inputSize })
    const full = cut === undefined ? whole : cutGraph(whole, cut)
    const graph = (narrowed && narrowTo(full, reader.entries)) || full
    const stated = statedClasses(reader.metadata, classes)
    const values = await matchTensors(graph, reader, name)
    return { graph, values, source: name, ...(stated && { classes: stated }) }
  } finally {
    await file.close()
  }
}

async function loadTfjs(path: string, name: string, spec: Model): Promise<LoadedModel> {
  const { model, store, pixels } = await readTfjs(path, name)
  return convert(model, store, name, { ...spec, pixels: spec.pixels ?? pixels })
}

async function loadKeras(path: string, name: string, spec: Model): Promise<LoadedModel> {
  const { model, store, close } = await readKerasArchive(path, name)
  try {
    return await convert(model, store, name, spec)
  } finally {
    close()
  }
}

async function convert(model: unknown, store: WeightStore, file: string, spec: Model): Promise<LoadedModel> {
  const { inputSize, pixels } = spec
  return {
    ...(await convertModel(flattenModel(model, file), store, { file, inputSize, pixels })),
    source: file,
  }
}

/** The architecture that our own export notes in a file; a cut network is not known by its shapes. */
function statedArchitecture(metadata: ReadonlyMap<string, string>): string | undefined {
  const stated = metadata.get('architecture')
  return stated !== undefined && architectures.includes(stated) ? stated : undefined
}

/** The input size that our own export notes in a file. */
function statedSize(metadata: ReadonlyMap<string, string>): number | undefined {
  const side = Number(/^\[(\d{1,4}),\d{1,4},3\]$/.exec(metadata.get('inputShape') ?? '')?.[1])
  return side >= 8 ? side : undefined
}

/** The class names that our own export notes in a file, where they are those of its classifier. */
function statedClasses(
  metadata: ReadonlyMap<string, string>,
  count: number | undefined,
): string[] | undefined {
  try {
    const names: unknown = JSON.parse(metadata.get('classes') ?? '')
    const fit = Array.isArray(names) && names.length === count
    return fit && names.every((name) => typeof name === 'string') ? names : undefined
  } catch {
    return undefined
  }
}

async function readValues(path: string, name: string, graph: NetworkGraph): Promise<LoadedModel['values']> {
  const file = await fileSource(path, name)
  try {
    return await matchTensors(graph, await openSafetensors(file), name)
  } finally {
    await file.close()
  }
}
