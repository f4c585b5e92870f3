import { tf, type Tensor, type TensorInfo } from '../../tf'
import { adopt, call1, execute, flag, handle, int, own, text, type } from './execute'
import type { Window } from './window'

/** How a convolution's gradient by its filter is computed on the processor. */
export type Way = 'oneDNN' | 'plain' | 'product'

/**
 * The quickest way by shape, as measured on AVX2 with ResNet-18, ResNet-50 and MobileNetV2: oneDNN brings its operands
 * into another layout first, which is most of the work where a filter is large and the image small. A rule rather than
 * a trial at run time, which would not give the same bits in every process.
 * @param pixels of the output, over the batch
 */
export function wayOf(
  [kh, kw, channels, out]: readonly number[],
  { strides }: Window,
  pixels: number,
  padding: string,
): Way {
  const strided = strides.some((s) => s > 1)
  if (kh === 1 && kw === 1) {
    const small = pixels <= 512 || (pixels <= 1024 && channels! * out! <= 2 ** 16)
    return !small || padding === 'EXPLICIT' ? 'oneDNN' : strided ? 'plain' : 'product'
  }
  if (strided) return channels! >= 16 ? 'plain' : 'oneDNN'
  return pixels <= 256 && channels! >= 64 && padding !== 'EXPLICIT' ? 'product' : 'oneDNN'
}

/** x [n, h, w, in] and dy [n, h, w, out] at stride 1 to [kh, kw, in, out]: the product of x's windows, a row each, with dy. */
export function asProduct(x: Tensor, dy: Tensor, wShape: readonly number[], padding: string): TensorInfo {
  const [kh, kw, channels, out] = wShape as [number, number, number, number]
  return tf.tidy(() => {
    const attributes = [
      type('T'),
      int('ksizes', [1, kh, kw, 1]),
      int('strides', [1, 1, 1, 1]),
      int('rates', [1, 1, 1, 1]),
      text('padding', padding),
    ]
    const windows = kh * kw === 1 ? x : own(call1('ExtractImagePatches', attributes, [x]))
    const rows = tf.reshape(windows, [-1, kh * kw * channels])
    const [product] = execute(
      'MatMul',
      [type('T'), flag('transpose_a', true), flag('transpose_b', false)],
      [rows, tf.reshape(dy, [-1, out])].map(handle),
    )
    return tf.reshape(own(adopt(product!)), [kh, kw, channels, out])
  })
}
