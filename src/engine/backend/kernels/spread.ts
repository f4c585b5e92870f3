import { tf, type Tensor } from '../tf'

/** Gates [n, c] with the rank of x [n, ..., c]. */
export const spread = (gates: Tensor, { shape }: Tensor): Tensor =>
  tf.reshape(gates, [gates.shape[0]!, ...shape.slice(1, -1).map(() => 1), gates.shape[1]!])
