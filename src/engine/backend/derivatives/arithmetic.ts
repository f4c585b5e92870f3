import { log } from '../kernels/activation'
import { tf } from '../tf'
import { derivative, unbroadcast } from './register'

derivative('Add', ['a', 'b'], (g, [a, b]) => ({
  a: () => unbroadcast(g, a!.shape),
  b: () => unbroadcast(g, b!.shape),
}))
derivative('AddN', 'all', (g, saved) => Object.fromEntries(saved.map((_, i) => [String(i), () => g.clone()])))
derivative('Sub', ['a', 'b'], (g, [a, b]) => ({
  a: () => unbroadcast(g, a!.shape),
  b: () => tf.neg(unbroadcast(g, b!.shape)),
}))
derivative('Multiply', ['a', 'b'], (g, [a, b]) => ({
  a: () => unbroadcast(tf.mul(g, b!), a!.shape),
  b: () => unbroadcast(tf.mul(g, a!), b!.shape),
}))
derivative('RealDiv', ['a', 'b'], (g, [a, b]) => ({
  a: () => unbroadcast(tf.div(g, b!), a!.shape),
  b: () => tf.neg(unbroadcast(tf.div(tf.mul(g, a!), tf.square(b!)), b!.shape)),
}))
derivative('SquaredDifference', ['a', 'b'], (g, [a, b]) => {
  const slope = () => tf.mul(tf.mul(2, g), tf.sub(a!, b!))
  return { a: () => unbroadcast(slope(), a!.shape), b: () => tf.neg(unbroadcast(slope(), b!.shape)) }
})
derivative('Neg', [], (g) => ({ x: () => tf.neg(g) }))
derivative('Square', ['x'], (g, [x]) => ({ x: () => tf.mul(tf.mul(2, g), x!) }))
derivative('Pow', ['a', 'b'], (g, [a, b]) => ({
  a: () => unbroadcast(tf.mul(g, tf.mul(b!, tf.pow(a!, tf.sub(b!, 1)))), a!.shape),
  b: () => unbroadcast(tf.mul(g, tf.mul(log(a!), tf.pow(a!, b!))), b!.shape),
}))
/** Equal values share the gradient, as in PyTorch. */
const share = (above: tf.Tensor, equal: tf.Tensor) =>
  tf.add(tf.cast(above, 'float32'), tf.mul(0.5, tf.cast(equal, 'float32')))
derivative('Maximum', ['a', 'b'], (g, [a, b]) => ({
  a: () => unbroadcast(tf.mul(g, share(tf.greater(a!, b!), tf.equal(a!, b!))), a!.shape),
  b: () => unbroadcast(tf.mul(g, share(tf.less(a!, b!), tf.equal(a!, b!))), b!.shape),
}))
derivative('Minimum', ['a', 'b'], (g, [a, b]) => ({
  a: () => unbroadcast(tf.mul(g, share(tf.less(a!, b!), tf.equal(a!, b!))), a!.shape),
  b: () => unbroadcast(tf.mul(g, share(tf.greater(a!, b!), tf.equal(a!, b!))), b!.shape),
}))
derivative('Select', ['condition', 't', 'e'], (g, [condition, t, e]) => ({
  condition: () => tf.zeros(condition!.shape),
  t: () => unbroadcast(tf.where(condition!, g, tf.zerosLike(g)), t!.shape),
  e: () => unbroadcast(tf.where(condition!, tf.zerosLike(g), g), e!.shape),
}))
derivative<{ transposeA?: boolean; transposeB?: boolean }>(
  'BatchMatMul',
  ['a', 'b'],
  (g, [a, b], attributes) => {
    const { transposeA: ta = false, transposeB: tb = false } = attributes
    return {
      a: () => unbroadcast(ta ? tf.matMul(b!, g, tb, true) : tf.matMul(g, b!, false, !tb), a!.shape),
      b: () => unbroadcast(tb ? tf.matMul(g, a!, true, ta) : tf.matMul(a!, g, !ta, false), b!.shape),
    }
  },
)
