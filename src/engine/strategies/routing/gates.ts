import { ops, tf, untaped, type Tensor } from '../../backend'

/**
 * Forward exactly `hard`, backward the gradient of `soft` (Bengio, Léonard and Courville 2013, arXiv 1308.3432).
 * `(hard - soft) + soft` is exact in float32 for hard in {0, 1} and soft on the same side of 1/2.
 */
export function straightThrough(hard: Tensor, soft: Tensor): Tensor {
  return tf.add(
    untaped(() => tf.sub(hard, soft)),
    soft,
  )
}

/**
 * Gates [n, l], exactly 0 or 1, from logits [n, 2 l] and Gumbel noise [n, l, 2]: argmax of logits + noise, with the
 * gradient of softmax((logits + noise) / temperature) (Jang, Gu and Poole 2017, arXiv 1611.01144). The second of a
 * pair is 1, so P(gate = 1) is sigmoid(a_1 - a_0) at any temperature.
 */
export function gumbelGates(logits: Tensor, noise: Tensor, temperature: number): Tensor {
  const noisy = tf.add(tf.reshape(logits, noise.shape), noise)
  const [first, second] = tf.unstack(noisy, 2)
  // of two, the softmax is a sigmoid of the difference
  const lead = tf.sub(second!, first!)
  return straightThrough(
    untaped(() => tf.cast(tf.greater(lead, 0), 'float32')),
    ops.sigmoid(tf.div(lead, temperature)),
  )
}

/** Each row takes the next one's gates: those of another image. */
export function shuffled(gates: Tensor): Tensor {
  const n = gates.shape[0]!
  if (n < 2) return gates
  const size = gates.shape.slice(1)
  const zeros = size.map(() => 0)
  return ops.concat(
    [tf.slice(gates, [1, ...zeros], [n - 1, ...size]), tf.slice(gates, [0, ...zeros], [1, ...size])],
    0,
  )
}
