import { GraphBuilder } from '../builder'
import type { NetworkGraph } from '../types'
import type { ArchitectureOptions } from './types'

/** Kernel, stride, expansion, width, repeats: EfficientNet-B0 (arXiv 1905.11946, table 1) without squeeze-excite. */
const STAGES = [
  [3, 1, 1, 16, 1],
  [3, 2, 6, 24, 2],
  [5, 2, 6, 40, 2],
  [3, 2, 6, 80, 3],
  [5, 1, 6, 112, 3],
  [5, 2, 6, 192, 4],
  [3, 1, 6, 320, 1],
] as const

const batchNorm = { epsilon: 1e-3, momentum: 0.01 }

/**
 * EfficientNet-Lite0 (tensorflow/tpu, models/official/efficientnet/lite): ReLU6, TensorFlow 'same' padding, input
 * (x - 127) / 128. Names are those of the PyTorch port `efficientnet-lite-pytorch`.
 */
export function efficientNetLite0({ classes = 1000, inputSize = 224 }: ArchitectureOptions): NetworkGraph {
  const b = new GraphBuilder('efficientnet_lite0', [inputSize, inputSize, 3])
  const unit = (conv: string, bn: string, relu?: string): string => {
    const y = b.batchNorm(bn, conv, batchNorm)
    return relu ? b.activation(relu, y, 'relu6') : y
  }
  let x = b.normalize('normalize', 'input', [127, 127, 127], [128, 128, 128])
  x = unit(b.conv('_conv_stem', x, 32, { kernel: 3, stride: 2, padding: 'same' }), '_bn0', '_relu0')
  let index = 0
  for (const [kernel, firstStride, expansion, width, repeats] of STAGES) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const at = `_blocks.${index++}`
      const stride = repeat === 0 ? firstStride : 1
      const channels = b.shapeOf(x)[2]!
      let y = x
      if (expansion > 1) {
        const expanded = b.conv(`${at}._expand_conv`, y, channels * expansion, { kernel: 1, padding: 'same' })
        y = unit(expanded, `${at}._bn0`, `${at}._relu0`)
      }
      y = unit(
        b.depthwise(`${at}._depthwise_conv`, y, { kernel, stride, padding: 'same' }),
        `${at}._bn1`,
        `${at}._relu1`,
      )
      y = unit(b.conv(`${at}._project_conv`, y, width, { kernel: 1, padding: 'same' }), `${at}._bn2`)
      x = stride === 1 && channels === width ? b.plain(`${at}.add`, { kind: 'add' }, [y, x]) : y
    }
  }
  x = unit(b.conv('_conv_head', x, 1280, { kernel: 1, padding: 'same' }), '_bn1', '_relu1')
  x = b.plain('_avg_pooling', { kind: 'globalAveragePool' }, [x])
  x = b.plain('_dropout', { kind: 'dropout', rate: 0.2 }, [x])
  return b.build(b.dense('_fc', x, classes))
}
