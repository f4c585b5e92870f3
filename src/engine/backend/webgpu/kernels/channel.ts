// Sums over all axes but the last, and what batch norm makes of them.
import type { TensorInfo } from '../../tf'
import { release, run, sizeOf, type WebGPUBackend } from '../program'
import type { Form } from '../register'

/**
 * Sum over the rows of a term of [rows, c], times `factor`: [c]. Each thread adds about sqrt(rows) of them, and what
 * comes out is added in the same way: the order is fixed, and errors grow slowly.
 * @param term WGSL of the value at flat place `p` in channel `k`
 */
export function sumRows(
  backend: WebGPUBackend,
  { name, inputs, term, rows, c }: Sum,
  factor = 1,
): TensorInfo {
  const per = rows <= most ? rows : Math.ceil(Math.sqrt(rows))
  const parts = Math.ceil(rows / per)
  const last = parts === 1
  const sums = run(backend, {
    name: `sum ${name}`,
    output: last ? [c] : [parts, c],
    inputs,
    integers: { rows, per, c },
    floats: { factor: last ? factor : 1 },
    code: `
      let k = i % uniforms.c;
      let first = (i / uniforms.c) * uniforms.per;
      var sum = 0.0;
      for (var row = first; row < min(first + uniforms.per, uniforms.rows); row++) {
        let p = row * uniforms.c + k;
        sum += ${term};
      }
      result[i] = sum * uniforms.factor;`,
  })
  if (last) return sums
  const total = sumRows(backend, { name: 'x', inputs: { x: sums }, term: 'x[p]', rows: parts, c }, factor)
  release(backend, sums)
  return total
}

interface Sum {
  name: string
  inputs: Record<string, TensorInfo>
  term: string
  rows: number
  c: number
}

/** Rows that one thread adds without a second pass. */
const most = 64

export function lastAxis({ shape }: TensorInfo): { rows: number; c: number } {
  const c = shape[shape.length - 1]!
  return { rows: sizeOf(shape) / c, c }
}

export const channelSum: Form = ({ x }, _, backend) =>
  sumRows(backend, { name: 'x', inputs: { x: x! }, term: 'x[p]', ...lastAxis(x!) })

export const channelDot: Form = ({ a, b }, _, backend) =>
  sumRows(backend, { name: 'ab', inputs: { a: a!, b: b! }, term: 'a[p] * b[p]', ...lastAxis(a!) })

/** Mean and biased variance; in two passes, since the mean of squares less the square of the mean cancels. */
export const moments: Form = ({ x }, _, backend) => {
  const { rows, c } = lastAxis(x!)
  const mean = sumRows(backend, { name: 'x', inputs: { x: x! }, term: 'x[p]', rows, c }, 1 / rows)
  const term = '(x[p] - mean[k]) * (x[p] - mean[k])'
  const variance = sumRows(backend, { name: 'squares', inputs: { x: x!, mean }, term, rows, c }, 1 / rows)
  return [mean, variance]
}
