import { GraphBuilder } from '../builder'
import type { NetworkGraph } from '../types'
import { IMAGENET_MEAN, IMAGENET_STD } from './imagenet'
import type { ArchitectureOptions } from './types'

const batchNorm = { epsilon: 1e-5, momentum: 0.1 }

/** PyTorch pads both sides alike. */
const pad = (n: number): readonly [number, number, number, number] => [n, n, n, n]

function basicBlock(b: GraphBuilder, at: string, x: string, width: number, stride: number): string {
  let y = b.conv(`${at}.conv1`, x, width, { kernel: 3, stride, padding: pad(1) })
  y = b.activation(`${at}.relu1`, b.batchNorm(`${at}.bn1`, y, batchNorm), 'relu')
  y = b.conv(`${at}.conv2`, y, width, { kernel: 3, padding: pad(1) })
  return b.batchNorm(`${at}.bn2`, y, batchNorm)
}

/** The stride sits on the 3x3 convolution, as in torchvision (ResNet v1.5). */
function bottleneck(b: GraphBuilder, at: string, x: string, width: number, stride: number): string {
  let y = b.conv(`${at}.conv1`, x, width, { kernel: 1 })
  y = b.activation(`${at}.relu1`, b.batchNorm(`${at}.bn1`, y, batchNorm), 'relu')
  y = b.conv(`${at}.conv2`, y, width, { kernel: 3, stride, padding: pad(1) })
  y = b.activation(`${at}.relu2`, b.batchNorm(`${at}.bn2`, y, batchNorm), 'relu')
  y = b.conv(`${at}.conv3`, y, width * 4, { kernel: 1 })
  return b.batchNorm(`${at}.bn3`, y, batchNorm)
}

/**
 * A ResNet (arXiv 1512.03385) with torchvision's state-dict names.
 * @param repeats blocks of the four stages
 */
export function createResNet(
  architecture: string,
  repeats: readonly [number, number, number, number],
  kind: 'basic' | 'bottleneck',
  { classes = 1000, inputSize = 224 }: ArchitectureOptions,
): NetworkGraph {
  const b = new GraphBuilder(architecture, [inputSize, inputSize, 3])
  let x = b.normalize('normalize', 'input', IMAGENET_MEAN, IMAGENET_STD)
  x = b.batchNorm('bn1', b.conv('conv1', x, 64, { kernel: 7, stride: 2, padding: pad(3) }), batchNorm)
  x = b.pool('maxpool', b.activation('relu', x, 'relu'), 'maxPool', { size: 3, stride: 2, padding: pad(1) })
  repeats.forEach((count, stage) => {
    const width = 64 * 2 ** stage
    const out = kind === 'basic' ? width : width * 4
    for (let i = 0; i < count; i++) {
      const at = `layer${stage + 1}.${i}`
      const stride = i === 0 && stage > 0 ? 2 : 1
      const y = (kind === 'basic' ? basicBlock : bottleneck)(b, at, x, width, stride)
      let skip = x
      if (stride > 1 || b.shapeOf(x)[2] !== out) {
        skip = b.conv(`${at}.downsample.0`, x, out, { kernel: 1, stride })
        skip = b.batchNorm(`${at}.downsample.1`, skip, batchNorm)
      }
      x = b.activation(`${at}.relu`, b.plain(`${at}.add`, { kind: 'add' }, [y, skip]), 'relu')
    }
  })
  x = b.plain('avgpool', { kind: 'globalAveragePool' }, [x])
  return b.build(b.dense('fc', x, classes))
}
