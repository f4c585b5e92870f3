import type { Elementwise } from '../../kernels/activation'
import { run } from '../program'
import type { Form } from '../register'

const sigmoid = '(1.0 / (1.0 + exp(-v)))'
/** Some drivers overflow in their own tanh. */
const tanh = 'let e = exp(-2.0 * abs(v)); let t = sign(v) * (1.0 - e) / (1.0 + e);'

/** f'(v), and what has to be computed before. At kinks: 0, as in PyTorch. */
const slopes: Record<Elementwise, [before: string, slope: string]> = {
  relu: ['', 'select(0.0, 1.0, v > 0.0)'],
  relu6: ['', 'select(0.0, 1.0, v > 0.0 && v < 6.0)'],
  leakyRelu: ['', 'select(uniforms.alpha, 1.0, v > 0.0)'],
  sigmoid: [`let s = ${sigmoid};`, 's * (1.0 - s)'],
  tanh: [tanh, '1.0 - t * t'],
  swish: [`let s = ${sigmoid};`, 's + v * s * (1.0 - s)'],
  elu: ['', 'select(exp(min(v, 0.0)), 1.0, v > 0.0)'],
  exp: ['', 'exp(v)'],
  log: ['', '1.0 / v'],
  sqrt: ['', '0.5 * inverseSqrt(v)'],
  rsqrt: ['let r = inverseSqrt(v);', '-0.5 * r * r * r'],
}

/** dy f'(x) in one pass. */
export const activationGradient: Form<{ kind: Elementwise; alpha: number }> = (
  { x, dy },
  { kind, alpha },
  backend,
) => {
  const [before, slope] = slopes[kind]
  return run(backend, {
    name: `gradient ${kind}`,
    output: x!.shape,
    inputs: { x: x!, dy: dy! },
    floats: { alpha },
    code: `let v = x[i]; ${before} result[i] = dy[i] * (${slope});`,
  })
}
