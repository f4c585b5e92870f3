import { tf, type Tensor } from '../tf'

/**
 * Row i of [to, from]: the shares of the two pixels that the centre of pixel i lies between, edges held
 * (PyTorch's interpolate, mode bilinear, align_corners=False, without antialiasing).
 */
function bilinearShares(from: number, to: number): Tensor {
  const shares = new Float32Array(to * from)
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5))
    const low = Math.floor(at)
    shares[i * from + low] = 1 - (at - low)
    if (at > low) shares[i * from + low + 1] = at - low
  }
  return tf.tensor3d(shares, [1, to, from])
}

/**
 * Bilinear x [n, h, w, c] at another size [height, width]: a product with one matrix an axis, so that it has
 * derivatives of any order on every back end, which tfjs's own has not. The size of now gives x itself.
 */
export function resizeBilinear(x: Tensor, [height, width]: readonly [number, number]): Tensor {
  const [n, h, w, c] = x.shape as [number, number, number, number]
  let y = x
  if (height !== h)
    y = tf.reshape(tf.matMul(bilinearShares(h, height), tf.reshape(y, [n, h, w * c])), [n, height, w, c])
  if (width !== w)
    y = tf.reshape(tf.matMul(bilinearShares(w, width), tf.reshape(y, [n * height, w, c])), [
      n,
      height,
      width,
      c,
    ])
  return y
}
