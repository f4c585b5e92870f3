import { UserError } from '../../spec/types'
import { tf, type Tensor } from '../backend'
import type { PlainValue } from '../network/types'
import { RandomStream, type RandomState } from '../random'
import type { DrawDeclaration } from '../strategies/types'

/** JSON: how often each name was drawn, and the state of its stream. */
export type NoiseState = Record<string, { drawn: number; stream: RandomState }>

const samplers: Record<DrawDeclaration['kind'], (random: RandomStream) => number> = {
  // never 0: its logarithm is taken
  uniform: (random) => 1 - random.uniform(),
  normal: (random) => random.normal(),
  gumbel: (random) => -Math.log(-Math.log(1 - random.uniform()) || Number.MIN_VALUE),
}

/**
 * Noise of strategies by name: row after row of a tensor of `train.inputs` [steps, ...shape] where one has the name,
 * else from a random stream of the name. Part of every checkpoint.
 */
export class Noise {
  private readonly streams = new Map<string, { drawn: number; random: RandomStream }>()

  constructor(
    private readonly seed: number,
    private readonly given: ReadonlyMap<string, PlainValue> = new Map(),
  ) {}

  /** Values of one draw. @throws UserError when the given tensor has another shape or too few rows */
  values({ name, shape, kind }: DrawDeclaration): Float32Array {
    const size = shape.reduce((a, b) => a * b, 1)
    const source = this.source(name)
    const row = source.drawn++
    const given = this.given.get(name)
    if (!given) return Float32Array.from({ length: size }, () => samplers[kind](source.random))
    const [rows, ...rest] = given.shape
    if (rest.join() !== shape.join())
      throw new UserError(
        `train.inputs: "${name}" has shape [${given.shape.join(', ')}], each step needs [${shape.join(', ')}]; write [steps, ${shape.join(', ')}]`,
      )
    if (row >= rows!)
      throw new UserError(
        `train.inputs: "${name}" has ${rows} rows, and step ${row + 1} needs one more; \`thaw export RUN --draws\` writes one for each step`,
      )
    return given.data.slice(row * size, (row + 1) * size)
  }

  draw(declaration: DrawDeclaration): Tensor {
    return tf.tensor(this.values(declaration), [...declaration.shape], 'float32')
  }

  state(): NoiseState {
    return Object.fromEntries(
      [...this.streams].map(([name, { drawn, random }]) => [name, { drawn, stream: random.state() }]),
    )
  }

  restore(state: NoiseState): void {
    this.streams.clear()
    for (const [name, { drawn, stream }] of Object.entries(state)) {
      const source = this.source(name)
      source.drawn = drawn
      source.random.restore(stream)
    }
  }

  private source(name: string): { drawn: number; random: RandomStream } {
    let source = this.streams.get(name)
    if (!source)
      this.streams.set(name, (source = { drawn: 0, random: new RandomStream(this.seed, `noise/${name}`) }))
    return source
  }
}
