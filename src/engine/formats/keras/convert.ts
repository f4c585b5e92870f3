import { UserError } from '../../../spec/types'
import { GraphBuilder, assignStages, type NetworkGraph, type PlainValue } from '../../network'
import { assertFinite } from '../match'
import type { KerasLayer, KerasModel } from './config'
import { converters } from './layers'
import { Reading, type PixelRange } from './reading'
import type { WeightStore } from './weights'

export interface ConvertOptions {
  file: string
  inputSize?: number
  /**
   * What the network expects of pixels; default `-1..1`, as MobileNet and most of keras.applications, or `0..255`
   * for one that has a Rescaling layer of its own.
   */
  pixels?: PixelRange
}

/**
 * A graph and its values from a flattened Keras model. Parameters keep the names of the file; each layer becomes
 * one node, or two where Keras computes two things in one (an activation, a separable convolution).
 * @throws UserError naming an unsupported layer with its path, or a weight that is missing or of another shape
 */
export async function convertModel(
  model: KerasModel,
  store: WeightStore,
  options: ConvertOptions,
): Promise<{ graph: NetworkGraph; values: Map<string, PlainValue> }> {
  const { file } = options
  const input = model.layers.find((layer) => layer.className === 'InputLayer')
  if (!input) throw new UserError(`${file}: the model has no input layer`)
  const inputs = model.layers.filter((layer) => layer.className === 'InputLayer')
  if (inputs.length > 1)
    throw new UserError(`${file}: the model has ${inputs.length} inputs; only one is supported`)
  const builder = new GraphBuilder(`keras:${model.name}`, inputShape(input, options), 'keras', input.name)
  const reading = new Reading(builder, store, file)
  const scaled = model.layers.some((layer) => layer.className === 'Rescaling')
  const { pixels = scaled ? '0..255' : '-1..1' } = options
  reading.outputs.set(input.name, reading.normalize(input.name, pixels))
  for (const layer of model.layers) {
    if (layer === input) continue
    const convert = Object.hasOwn(converters, layer.className) ? converters[layer.className] : undefined
    if (!convert) {
      const known = Object.keys(converters).join(', ')
      throw new UserError(
        `${file}: layer '${layer.name}' is a ${layer.className}, which is not supported; supported are ${known}`,
      )
    }
    const sources = layer.inputs.map((name) => reading.outputs.get(name)!)
    reading.outputs.set(layer.name, convert(reading.at(layer), sources))
  }
  const graph = assignStages(builder.build(reading.outputs.get(model.output)!))
  const values = new Map<string, PlainValue>()
  for (const { parameter, weight } of reading.sources) {
    values.set(parameter, { shape: [...graph.parameters.get(parameter)!.shape], data: await weight.read() })
  }
  assertFinite(values, file)
  return { graph, values }
}

function inputShape(input: KerasLayer, { file, inputSize }: ConvertOptions): [number, number, number] {
  const { config } = input
  const stated = config['batch_input_shape'] ?? config['batch_shape'] ?? config['batchInputShape']
  const shape = Array.isArray(stated)
    ? (stated.slice(1) as unknown[])
    : (config['input_shape'] as unknown[] | undefined)
  if (!Array.isArray(shape) || shape.length !== 3 || shape[2] !== 3) {
    const seen = Array.isArray(shape) ? `[${shape.map((n) => n ?? '?').join(', ')}]` : 'none'
    throw new UserError(`${file}: the input must be [height, width, 3], it is ${seen}`)
  }
  const side = (value: unknown): number => {
    const size = inputSize ?? value
    if (!Number.isInteger(size))
      throw new UserError(`${file} does not say its input size; set model.inputSize`)
    return size as number
  }
  return [side(shape[0]), side(shape[1]), 3]
}
