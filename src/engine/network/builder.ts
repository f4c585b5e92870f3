import type { Padding } from '../backend/types'
import { outputShape } from './shapes'
import type { Activation, LayerNode, LayerOp, NetworkGraph, OriginLayout, ParameterInfo, Role } from './types'

type Pair = readonly [number, number]

export interface ConvOptions {
  kernel: number | Pair
  stride?: number | Pair
  padding?: Padding
  bias?: boolean
  dilations?: Pair
}

export interface BatchNormOptions {
  epsilon: number
  momentum: number
  /** Without, gamma is the constant 1. */
  scale?: boolean
  /** Without, beta is the constant 0. */
  center?: boolean
}

/** Names of a layer's parameters in its file of origin; a role left out takes PyTorch's name. */
export type OriginNames = Partial<Record<Role, string>>

const TORCH_NAMES: Record<Role, string> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
  recurrentKernel: 'weight_hh',
  recurrentBias: 'bias_hh',
}

const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value)

/**
 * Collects named layers in topological order and derives parameter shapes from the shapes that flow through.
 * Each method appends one layer and returns its name, to be the input of the next.
 */
export class GraphBuilder {
  private readonly nodes: LayerNode[] = []
  private readonly shapes = new Map<string, readonly number[]>()
  private readonly parameters = new Map<string, ParameterInfo>()

  /** @param origin whose layouts the parameters have in their file: PyTorch's, or Keras's (which are ours). */
  constructor(
    readonly architecture: string,
    readonly inputShape: readonly [number, number, number],
    readonly origin: 'torch' | 'keras' = 'torch',
    inputName = 'input',
  ) {
    this.append(inputName, { kind: 'input', shape: inputShape }, [])
  }

  /** Shape of a layer's output without the batch dimension. */
  shapeOf(layer: string): readonly number[] {
    const shape = this.shapes.get(layer)
    if (!shape) throw new Error(`no layer '${layer}' in ${this.architecture}`)
    return shape
  }

  has(layer: string): boolean {
    return this.shapes.has(layer)
  }

  normalize(name: string, input: string, mean: readonly number[], std: readonly number[]): string {
    return this.append(name, { kind: 'normalize', mean, std }, [input])
  }

  conv(name: string, input: string, filters: number, options: ConvOptions, names: OriginNames = {}): string {
    const kernel = pair(options.kernel)
    const channels = this.shapeOf(input)[2]!
    const bias = options.bias ?? false
    const op: LayerOp = {
      kind: 'conv2d',
      filters,
      kernel,
      strides: pair(options.stride ?? 1),
      padding: options.padding ?? 'valid',
      ...(options.dilations ? { dilations: options.dilations } : {}),
      bias,
    }
    const roles = [
      this.parameter(name, 'kernel', [...kernel, channels, filters], 'OIHW', names),
      ...(bias ? [this.parameter(name, 'bias', [filters], 'as-is', names)] : []),
    ]
    return this.append(name, op, [input], roles)
  }

  depthwise(
    name: string,
    input: string,
    options: ConvOptions & { multiplier?: number },
    names: OriginNames = {},
  ): string {
    const kernel = pair(options.kernel)
    const channels = this.shapeOf(input)[2]!
    const multiplier = options.multiplier ?? 1
    const bias = options.bias ?? false
    const op: LayerOp = {
      kind: 'depthwiseConv2d',
      kernel,
      strides: pair(options.stride ?? 1),
      padding: options.padding ?? 'valid',
      multiplier,
      ...(options.dilations ? { dilations: options.dilations } : {}),
      bias,
    }
    const roles = [
      this.parameter(name, 'kernel', [...kernel, channels, multiplier], 'C1HW', names),
      ...(bias ? [this.parameter(name, 'bias', [channels * multiplier], 'as-is', names)] : []),
    ]
    return this.append(name, op, [input], roles)
  }

  dense(name: string, input: string, units: number, bias = true, names: OriginNames = {}): string {
    const features = this.shapeOf(input)[0]!
    const roles = [
      this.parameter(name, 'kernel', [features, units], '[out,in]', names),
      ...(bias ? [this.parameter(name, 'bias', [units], 'as-is', names)] : []),
    ]
    return this.append(name, { kind: 'dense', units, bias }, [input], roles)
  }

  batchNorm(
    name: string,
    input: string,
    { scale = true, center = true, ...options }: BatchNormOptions,
    names: OriginNames = {},
  ): string {
    const channels = this.shapeOf(input).at(-1)!
    const left = new Set<Role>([...(scale ? [] : ['gamma' as const]), ...(center ? [] : ['beta' as const])])
    const roles = (['gamma', 'beta', 'mean', 'variance'] as const)
      .filter((role) => !left.has(role))
      .map((role) => this.parameter(name, role, [channels], 'as-is', names))
    return this.append(name, { kind: 'batchNorm', ...options }, [input], roles)
  }

  activation(name: string, input: string, activation: Activation): string {
    return this.append(name, { kind: 'activation', activation }, [input])
  }

  pool(
    name: string,
    input: string,
    kind: 'maxPool' | 'avgPool',
    options: { size: number | Pair; stride: number | Pair; padding?: Padding },
  ): string {
    const op: LayerOp = {
      kind,
      size: pair(options.size),
      strides: pair(options.stride),
      padding: options.padding ?? 'valid',
    }
    return this.append(name, op, [input])
  }

  /** Any layer without parameters. */
  plain(name: string, op: LayerOp, inputs: readonly string[]): string {
    return this.append(name, op, inputs)
  }

  build(output: string): NetworkGraph {
    return {
      architecture: this.architecture,
      nodes: this.nodes,
      output,
      inputShape: this.inputShape,
      parameters: this.parameters,
    }
  }

  private append(
    name: string,
    op: LayerOp,
    inputs: readonly string[],
    parameters: readonly ParameterInfo[] = [],
  ): string {
    if (this.shapes.has(name)) throw new Error(`two layers are named '${name}'`)
    const inputShapes = inputs.map((input) => this.shapeOf(input))
    this.shapes.set(name, outputShape(op, inputShapes, name))
    for (const info of parameters) {
      if (this.parameters.has(info.name)) throw new Error(`two parameters are named '${info.name}'`)
      this.parameters.set(info.name, info)
    }
    const roles = Object.fromEntries(parameters.map((info) => [info.role, info.name]))
    this.nodes.push({ name, op, inputs, parameters: roles, stage: '', block: '' })
    return name
  }

  private parameter(
    layer: string,
    role: Role,
    shape: readonly number[],
    torchLayout: OriginLayout,
    names: OriginNames,
  ): ParameterInfo {
    return {
      name: names[role] ?? `${layer}.${TORCH_NAMES[role]}`,
      layer,
      role,
      buffer: role === 'mean' || role === 'variance',
      shape,
      origin: this.origin === 'torch' ? torchLayout : 'as-is',
      pretrained: true,
    }
  }
}
