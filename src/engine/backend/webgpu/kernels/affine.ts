// Batch norm as one scale and one shift a channel, with the activation after it.
import type { TensorInfo } from '../../tf'
import { run, type WebGPUBackend } from '../program'
import type { Form } from '../register'
import { lastAxis, sumRows } from './channel'

type Follow = 'linear' | 'relu' | 'relu6'

const activated: Record<Follow, string> = {
  linear: 'z',
  relu: 'max(z, 0.0)',
  relu6: 'clamp(z, 0.0, 6.0)',
}

/** dy where the activation passes it on. */
const masked: Record<Follow, (p: string, k: string) => string> = {
  linear: (p) => `dy[${p}]`,
  relu: (p, k) => `select(0.0, dy[${p}], ${line(p, k)} > 0.0)`,
  relu6: (p, k) => `select(0.0, dy[${p}], ${line(p, k)} > 0.0 && ${line(p, k)} < 6.0)`,
}

const line = (p: string, k: string) => `(x[${p}] * scale[${k}] + shift[${k}])`

export const affine: Form<{ activation: Follow }> = ({ x, scale, shift }, { activation }, backend) =>
  run(backend, {
    name: `affine ${activation}`,
    output: x!.shape,
    inputs: { x: x!, scale: scale!, shift: shift! },
    integers: { c: lastAxis(x!).c },
    // what is not a number stays so: a run that breaks must show it
    code: `
      let k = i % uniforms.c;
      let z = x[i] * scale[k] + shift[k];
      result[i] = select(${activated[activation]}, z, isnan(z));`,
  })

interface Gradient {
  activation: Follow
  input: boolean
  vectors: boolean
}

export const affineGradient: Form<Gradient> = (inputs, { activation, input, vectors }, backend) => {
  const x = inputs['x']!
  const scale = inputs['scale']!
  const shift = inputs['shift']!
  const dy = inputs['dy']!
  const { rows, c } = lastAxis(x)
  const mask = masked[activation]
  const read: Record<string, TensorInfo> = activation === 'linear' ? { dy } : { x, scale, shift, dy }
  const none = (backend: WebGPUBackend) => backend.makeTensorInfo([0], 'float32', new Float32Array(0))
  const dx = input
    ? run(backend, {
        name: `affine input ${activation}`,
        output: x.shape,
        inputs: { ...read, scale },
        integers: { c },
        code: `let k = i % uniforms.c; result[i] = ${mask('i', 'k')} * scale[k];`,
      })
    : none(backend)
  if (!vectors) return [dx, none(backend), none(backend)]
  const sum = (name: string, of: Record<string, TensorInfo>, term: string) =>
    sumRows(backend, { name: `${name} ${activation}`, inputs: of, term, rows, c })
  return [
    dx,
    sum('affine scale', { ...read, x }, `${mask('p', 'k')} * x[p]`),
    sum('affine shift', read, mask('p', 'k')),
  ]
}

/** scale = gamma / sqrt(variance + epsilon), shift = beta - mean scale. */
export const fold: Form<{ epsilon: number }> = ({ gamma, beta, mean, variance }, { epsilon }, backend) => {
  const output = gamma!.shape
  const root = 'inverseSqrt(variance[i] + uniforms.epsilon)'
  const floats = { epsilon }
  return [
    run(backend, {
      name: 'fold scale',
      output,
      inputs: { gamma: gamma!, variance: variance! },
      floats,
      code: `result[i] = gamma[i] * ${root};`,
    }),
    run(backend, {
      name: 'fold shift',
      output,
      inputs: { gamma: gamma!, beta: beta!, mean: mean!, variance: variance! },
      floats,
      code: `result[i] = beta[i] - mean[i] * (gamma[i] * ${root});`,
    }),
  ]
}

/** Gradients of `fold` by gamma, mean and variance. */
export const foldGradient: Form<{ epsilon: number }> = (inputs, { epsilon }, backend) => {
  const gamma = inputs['gamma']!
  const mean = inputs['mean']!
  const variance = inputs['variance']!
  const dScale = inputs['dScale']!
  const dShift = inputs['dShift']!
  const floats = { epsilon }
  const slope = '(dScale[i] - mean[i] * dShift[i])'
  const root = 'let r = inverseSqrt(variance[i] + uniforms.epsilon);'
  const output = gamma.shape
  return [
    run(backend, {
      name: 'fold gamma',
      output,
      inputs: { mean, variance, dScale, dShift },
      floats,
      code: `${root} result[i] = ${slope} * r;`,
    }),
    run(backend, {
      name: 'fold mean',
      output,
      inputs: { gamma, variance, dShift },
      floats,
      code: `${root} result[i] = -gamma[i] * r * dShift[i];`,
    }),
    run(backend, {
      name: 'fold variance',
      output,
      inputs: { gamma, mean, variance, dScale, dShift },
      floats,
      code: `${root} result[i] = -0.5 * ${slope} * gamma[i] * r * r * r;`,
    }),
  ]
}
