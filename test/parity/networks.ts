import { GraphBuilder, assignStages, initialise } from '../../src/engine/network'
import type { LoadedModel, PlainValue } from '../../src/engine/network/types'
import { RandomStream } from '../../src/engine/random'
import { SIDE } from '../unit/train/fixture'

const norm = { epsilon: 1e-5, momentum: 0.1 }
const pad: readonly [number, number, number, number] = [1, 1, 1, 1]

export interface ResidualOptions {
  seed?: number
  /** Channels of each stage. */
  widths?: readonly number[]
  /** Basic blocks of each stage. */
  blocks?: readonly number[]
}

/** A ResNet of basic blocks under torchvision's names, small enough for the cpu back end; "pre-trained" at random. */
export function residualModel({
  seed = 11,
  widths = [4, 6],
  blocks = [2, 2],
}: ResidualOptions = {}): LoadedModel {
  const b = new GraphBuilder('tiny-resnet', [SIDE, SIDE, 3])
  let x = b.normalize('normalize', 'input', [127.5, 127.5, 127.5], [127.5, 127.5, 127.5])
  x = b.conv('conv1', x, widths[0]!, { kernel: 3, padding: pad })
  x = b.activation('relu', b.batchNorm('bn1', x, norm), 'relu')
  widths.forEach((width, stage) => {
    for (let i = 0; i < blocks[stage]!; i++) {
      const at = `layer${stage + 1}.${i}`
      const stride = i === 0 && stage > 0 ? 2 : 1
      let y = b.conv(`${at}.conv1`, x, width, { kernel: 3, stride, padding: pad })
      y = b.activation(`${at}.relu1`, b.batchNorm(`${at}.bn1`, y, norm), 'relu')
      y = b.batchNorm(`${at}.bn2`, b.conv(`${at}.conv2`, y, width, { kernel: 3, padding: pad }), norm)
      let skip = x
      if (stride > 1 || b.shapeOf(x)[2] !== width)
        skip = b.batchNorm(
          `${at}.downsample.1`,
          b.conv(`${at}.downsample.0`, x, width, { kernel: 1, stride }),
          norm,
        )
      x = b.activation(`${at}.relu`, b.plain(`${at}.add`, { kind: 'add' }, [y, skip]), 'relu')
    }
  })
  const graph = assignStages(b.build(x))
  const random = new RandomStream(seed, 'residual')
  const values = new Map<string, PlainValue>()
  for (const [name, { shape, data }] of initialise(graph, random)) {
    const { role } = graph.parameters.get(name)!
    const value = data.map((v) =>
      role === 'mean'
        ? 0.2 * random.normal()
        : role === 'variance' || role === 'gamma'
          ? random.range(0.5, 1.5)
          : v,
    )
    values.set(name, { shape, data: value })
  }
  return { graph, values, source: 'test:residual' }
}
