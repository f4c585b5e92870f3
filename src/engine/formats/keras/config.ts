import { UserError } from '../../../spec/types'

export type Config = Readonly<Record<string, unknown>>

/** A layer of a Keras model with nested models resolved: one input or several, by name. */
export interface KerasLayer {
  /** Unique in the model; `outer/inner` inside a nested model. */
  name: string
  /** Name in its own model, which weights are filed under. */
  ownName: string
  className: string
  config: Config
  inputs: readonly string[]
  /** Group in a Keras 3 weights file, for example `layers/conv2d_1`. */
  group: string
}

export interface KerasModel {
  name: string
  layers: readonly KerasLayer[]
  output: string
}

const MAX_DEPTH = 6
const MAX_LAYERS = 20_000
const MODELS = new Set(['Functional', 'Model', 'Sequential'])

export const isRecord = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

interface RawLayer {
  className: string
  name: string
  config: Config
  inbound: unknown
}

function rawLayers(config: Config, file: string): RawLayer[] {
  const layers = config['layers']
  if (!Array.isArray(layers) || layers.length === 0) throw new UserError(`${file}: its model has no layers`)
  if (layers.length > MAX_LAYERS)
    throw new UserError(`${file}: ${layers.length} layers are more than are read`)
  return layers.map((layer: unknown, i) => {
    const inner = isRecord(layer) ? layer['config'] : undefined
    if (!isRecord(layer) || !isRecord(inner) || typeof layer['class_name'] !== 'string') {
      throw new UserError(`${file}: layer ${i} has no class_name and config`)
    }
    const name = layer['name'] ?? inner['name']
    if (typeof name !== 'string' || name === '') throw new UserError(`${file}: layer ${i} has no name`)
    return { className: layer['class_name'], name, config: inner, inbound: layer['inbound_nodes'] }
  })
}

/** Names in `["conv", 0, 0, {}]` (Keras 2) and `{"keras_history": ["conv", 0, 0]}` (Keras 3), however nested. */
function references(value: unknown, depth = 0): string[] {
  if (depth > 12) return []
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string' && typeof value[1] === 'number') return [value[0]]
    return value.flatMap((item) => references(item, depth + 1))
  }
  if (!isRecord(value)) return []
  const history = value['keras_history']
  return history !== undefined
    ? references(history, depth + 1)
    : Object.values(value).flatMap((item) => references(item, depth + 1))
}

/** How Keras 3 files a layer in its weights: class name in snake case, numbered within its model. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

interface Scope {
  file: string
  prefix: string
  group: string
  depth: number
  out: KerasLayer[]
}

/** Appends a model's layers in order and returns the name of its output. `input` replaces its own input layer. */
function flattenInto(className: string, config: Config, input: string | undefined, scope: Scope): string {
  const { file } = scope
  if (scope.depth > MAX_DEPTH) throw new UserError(`${file}: models are nested deeper than ${MAX_DEPTH}`)
  const raw = rawLayers(config, file)
  const numbers = new Map<string, number>()
  const outputs = new Map<string, string>()
  const sequential = className === 'Sequential'
  let previous = input
  if (sequential && input === undefined && raw[0]!.className !== 'InputLayer')
    previous = addInput(raw[0]!, scope)
  for (const layer of raw) {
    const path = `${scope.prefix}${layer.name}`
    const kind = snakeCase(layer.className)
    const number = numbers.get(kind) ?? 0
    numbers.set(kind, number + 1)
    const group = `${scope.group}layers/${number === 0 ? kind : `${kind}_${number}`}`
    if (outputs.has(layer.name)) throw new UserError(`${file}: two layers are named '${path}'`)
    const inputs = sequential
      ? previous === undefined
        ? []
        : [previous]
      : inbound(layer, outputs, path, file)
    if (layer.className === 'InputLayer' && input !== undefined) outputs.set(layer.name, input)
    else if (MODELS.has(layer.className)) {
      const inner = { ...scope, prefix: `${path}/`, group: `${group}/`, depth: scope.depth + 1 }
      outputs.set(layer.name, flattenInto(layer.className, layer.config, inputs[0], inner))
    } else {
      const own = layer.className === 'InputLayer' ? [] : inputs
      scope.out.push({
        name: path,
        ownName: layer.name,
        className: layer.className,
        config: layer.config,
        inputs: own,
        group,
      })
      outputs.set(layer.name, path)
    }
    previous = outputs.get(layer.name)
  }
  if (sequential) return previous!
  const last = references(config['output_layers'])
  if (last.length !== 1)
    throw new UserError(`${file}: the model has ${last.length} outputs; only one is supported`)
  const output = outputs.get(last[0]!)
  if (output === undefined) throw new UserError(`${file}: its output layer '${last[0]}' does not exist`)
  return output
}

function inbound(
  layer: RawLayer,
  outputs: ReadonlyMap<string, string>,
  path: string,
  file: string,
): string[] {
  if (layer.className === 'InputLayer') return []
  if (Array.isArray(layer.inbound) && layer.inbound.length > 1) {
    throw new UserError(
      `${file}: layer '${path}' is used ${layer.inbound.length} times; shared layers are not supported`,
    )
  }
  const names = references(layer.inbound)
  if (names.length === 0) throw new UserError(`${file}: layer '${path}' has no input`)
  return names.map((name) => {
    const output = outputs.get(name)
    if (output === undefined)
      throw new UserError(`${file}: layer '${path}' reads '${name}', which does not come before it`)
    return output
  })
}

/** A Sequential may give its input shape with its first layer instead of an input layer. */
function addInput(first: RawLayer, scope: Scope): string {
  let layer: RawLayer = first
  while (MODELS.has(layer.className)) layer = rawLayers(layer.config, scope.file)[0]!
  scope.out.push({
    name: `${scope.prefix}input`,
    ownName: 'input',
    className: 'InputLayer',
    config: layer.config,
    inputs: [],
    group: '',
  })
  return `${scope.prefix}input`
}

/**
 * The layers of a Sequential or Functional model (Keras 2 and 3, tfjs), nested models resolved, in an order in which
 * each comes after its inputs, and only those the output needs.
 */
export function flattenModel(model: unknown, file: string): KerasModel {
  if (!isRecord(model) || typeof model['class_name'] !== 'string')
    throw new UserError(`${file} describes no Keras model`)
  const className = model['class_name']
  if (!MODELS.has(className)) {
    throw new UserError(
      `${file}: a model of class '${className}' is not supported; only Sequential and Functional are`,
    )
  }
  // tfjs and Keras 1 write a Sequential's layers as a bare list
  const config = Array.isArray(model['config']) ? { layers: model['config'] as unknown[] } : model['config']
  if (!isRecord(config)) throw new UserError(`${file} describes no Keras model`)
  const out: KerasLayer[] = []
  const output = flattenInto(className, config, undefined, { file, prefix: '', group: '', depth: 0, out })
  const needed = new Set([output])
  for (const layer of [...out].reverse())
    if (needed.has(layer.name)) layer.inputs.forEach((name) => needed.add(name))
  const name = typeof config['name'] === 'string' ? config['name'] : 'keras'
  return { name, layers: out.filter((layer) => needed.has(layer.name)), output }
}
