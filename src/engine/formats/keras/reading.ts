import type { ModelSpec } from '../../../spec/schema'
import { UserError } from '../../../spec/types'
import type { Activation, GraphBuilder, LayerOp, Role } from '../../network'
import { isRecord, type KerasLayer } from './config'
import type { WeightSource, WeightStore } from './weights'

/** What a network expects at its input, whose pixels are 0 to 255 here. */
export type PixelRange = NonNullable<ModelSpec['pixels']>

const RANGES: Record<Exclude<PixelRange, '0..255'>, { mean: number[]; std: number[] }> = {
  '0..1': { mean: [0, 0, 0], std: [255, 255, 255] },
  '-1..1': { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  imagenet: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
}

const ACTIVATIONS: Record<string, Activation> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  swish: 'swish',
  silu: 'swish',
  elu: 'elu',
  softmax: 'softmax',
}

/** A Keras model on its way into a graph. */
export class Reading {
  /** Graph layer that holds each Keras layer's output. */
  readonly outputs = new Map<string, string>()
  readonly sources: WeightSource[] = []

  constructor(
    readonly builder: GraphBuilder,
    readonly store: WeightStore,
    readonly file: string,
  ) {}

  at(layer: KerasLayer): LayerReading {
    return new LayerReading(this, layer)
  }

  normalize(input: string, range: PixelRange): string {
    if (range === '0..255') return input
    const { mean, std } = RANGES[range]
    return this.builder.normalize('normalize', input, mean, std)
  }
}

/** One Keras layer with checked access to its settings and weights. */
export class LayerReading {
  constructor(
    private readonly reading: Reading,
    readonly layer: KerasLayer,
  ) {}

  get name(): string {
    return this.layer.name
  }

  get builder(): GraphBuilder {
    return this.reading.builder
  }

  fail(what: string): UserError {
    return new UserError(`${this.reading.file}: layer '${this.layer.name}' (${this.layer.className}) ${what}`)
  }

  setting(key: string): unknown {
    return this.layer.config[key]
  }

  number(key: string, fallback: number): number {
    const value = this.setting(key) ?? fallback
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw this.fail(`has ${key} ${JSON.stringify(value)}, not a number`)
    return value
  }

  flag(key: string, fallback: boolean): boolean {
    return (this.setting(key) ?? fallback) === true
  }

  /** A whole number for both sides, or one for each. */
  pair(key: string, fallback?: number): [number, number] {
    const value = this.setting(key) ?? fallback
    const both = Array.isArray(value) ? value : [value, value]
    if (both.length !== 2 || !both.every((n) => Number.isInteger(n) && n > 0 && n < 65536)) {
      throw this.fail(`has ${key} ${JSON.stringify(value)}, not one or two whole numbers`)
    }
    return both as [number, number]
  }

  padding(): 'valid' | 'same' {
    const value = this.setting('padding') ?? 'valid'
    if (value !== 'valid' && value !== 'same')
      throw this.fail(`has padding ${JSON.stringify(value)}; 'valid' and 'same' are supported`)
    return value
  }

  channelsLast(): void {
    const format = this.setting('data_format') ?? 'channels_last'
    if (format !== 'channels_last')
      throw this.fail(`has data_format '${String(format)}'; only channels_last is supported`)
  }

  /** Settings that would change what is computed and are not supported. */
  expect(key: string, ...allowed: unknown[]): void {
    const value = this.setting(key) ?? undefined
    const same = (other: unknown): boolean => JSON.stringify(other) === JSON.stringify(value)
    if (value !== undefined && !allowed.some(same))
      throw this.fail(`has ${key} ${JSON.stringify(value)}, which is not supported`)
  }

  /** Appends the layer's own activation, if it has one. */
  activate(input: string, key = 'activation'): string {
    const setting = this.setting(key)
    if (setting === undefined || setting === null) return input
    const name = isRecord(setting) ? (setting['config'] ?? setting['class_name']) : setting
    const activation =
      typeof name === 'string' && Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined
    if (!activation) throw this.fail(`has the activation ${JSON.stringify(name)}, which is not supported`)
    if (activation === 'linear') return input
    return this.builder.activation(
      this.builder.has(this.name) ? `${this.name}.${activation}` : this.name,
      input,
      activation,
    )
  }

  plain(op: LayerOp, inputs: readonly string[]): string {
    return this.builder.plain(this.name, op, inputs)
  }

  /**
   * Finds a weight in the file and notes it as the values of a parameter, which keeps the weight's name.
   * @returns that name
   */
  weight(role: Role, keras: string, index: number, shape: readonly number[]): string {
    const found = this.reading.store.find(this.layer, keras, index)
    if (!found) throw this.fail(`has no weight '${keras}' in the file`)
    if (found.shape.join() !== shape.join()) {
      throw this.fail(`has a weight '${keras}' of shape [${found.shape}] instead of [${shape}]`)
    }
    this.reading.sources.push({ parameter: found.name, role, weight: found })
    return found.name
  }
}
