import { GraphBuilder } from '../builder'
import type { NetworkGraph } from '../types'
import type { ArchitectureOptions } from './types'

const WIDTHS = [32, 64, 128, 128]

/** Four times 3x3 convolution, batch norm, ReLU and 2x2 max pooling: 240,480 kernel weights. To train from scratch. */
export function smallCnn({ classes = 10, inputSize = 48 }: ArchitectureOptions): NetworkGraph {
  const b = new GraphBuilder('small_cnn', [inputSize, inputSize, 3])
  let x = b.normalize('normalize', 'input', [127.5, 127.5, 127.5], [127.5, 127.5, 127.5])
  WIDTHS.forEach((width, i) => {
    const n = i + 1
    x = b.conv(`conv${n}`, x, width, { kernel: 3, padding: 'same' })
    x = b.batchNorm(`bn${n}`, x, { epsilon: 1e-5, momentum: 0.1 })
    x = b.activation(`relu${n}`, x, 'relu')
    x = b.pool(`pool${n}`, x, 'maxPool', { size: 2, stride: 2 })
  })
  x = b.plain('avgpool', { kind: 'globalAveragePool' }, [x])
  return b.build(b.dense('fc', x, classes))
}
