import { GraphBuilder } from '../builder'
import type { NetworkGraph } from '../types'
import { IMAGENET_MEAN, IMAGENET_STD } from './imagenet'
import type { ArchitectureOptions } from './types'

/** Expansion, width, repeats, stride: MobileNetV2 (arXiv 1801.04381, table 2). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

const batchNorm = { epsilon: 1e-5, momentum: 0.1 }
const pad = [1, 1, 1, 1] as const

/** MobileNetV2, width 1, with torchvision's state-dict names. */
export function mobileNetV2({ classes = 1000, inputSize = 224 }: ArchitectureOptions): NetworkGraph {
  const b = new GraphBuilder('mobilenet_v2', [inputSize, inputSize, 3])
  const unit = (conv: string, bn: string, relu?: string): string => {
    const y = b.batchNorm(bn, conv, batchNorm)
    return relu ? b.activation(relu, y, 'relu6') : y
  }
  let x = b.normalize('normalize', 'input', IMAGENET_MEAN, IMAGENET_STD)
  const stem = b.conv('features.0.0', x, 32, { kernel: 3, stride: 2, padding: pad })
  x = unit(stem, 'features.0.1', 'features.0.2')
  let index = 1
  for (const [expansion, width, repeats, firstStride] of STAGES) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const at = `features.${index++}.conv`
      const stride = repeat === 0 ? firstStride : 1
      const channels = b.shapeOf(x)[2]!
      let y = x
      let part = 0
      if (expansion > 1) {
        const expanded = b.conv(`${at}.0.0`, y, channels * expansion, { kernel: 1 })
        y = unit(expanded, `${at}.0.1`, `${at}.0.2`)
        part = 1
      }
      const depthwise = b.depthwise(`${at}.${part}.0`, y, { kernel: 3, stride, padding: pad })
      y = unit(depthwise, `${at}.${part}.1`, `${at}.${part}.2`)
      y = unit(b.conv(`${at}.${part + 1}`, y, width, { kernel: 1 }), `${at}.${part + 2}`)
      x =
        stride === 1 && channels === width ? b.plain(`features.${index - 1}.add`, { kind: 'add' }, [y, x]) : y
    }
  }
  x = unit(b.conv('features.18.0', x, 1280, { kernel: 1 }), 'features.18.1', 'features.18.2')
  x = b.plain('avgpool', { kind: 'globalAveragePool' }, [x])
  x = b.plain('classifier.0', { kind: 'dropout', rate: 0.2 }, [x])
  return b.build(b.dense('classifier.1', x, classes))
}
