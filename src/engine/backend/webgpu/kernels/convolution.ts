import type { ConvFilterAttributes, ConvInputAttributes } from '../../kernels/conv'
import { tf, type Tensor4D, type TensorInfo } from '../../tf'
import { release, run, type WebGPUBackend } from '../program'
import type { Form } from '../register'
import { sumRows } from './channel'

const own = (info: TensorInfo) => tf.engine().makeTensorFromTensorInfo(info)

/** w turned by 180 degrees with its channels exchanged: [kh, kw, out, in]. */
export const turnFilter: Form = ({ w }, _, backend) => {
  const [kh, kw, c, out] = w!.shape as [number, number, number, number]
  return run(backend, {
    name: 'turn filter',
    output: [kh, kw, out, c],
    inputs: { w: w! },
    integers: { taps: kh * kw, c, out },
    code: `
      let tap = i / (uniforms.out * uniforms.c);
      let o = (i / uniforms.c) % uniforms.out;
      let k = i % uniforms.c;
      result[i] = w[((uniforms.taps - 1 - tap) * uniforms.c + k) * uniforms.out + o];`,
  })
}

/** dy with zeros between its pixels and around it, so that a valid convolution at stride 1 gives x's size. */
function spread(dy: TensorInfo, w: TensorInfo, attributes: ConvInputAttributes, backend: WebGPUBackend) {
  const { strides, pads, xShape } = attributes
  const [kh, kw] = w.shape as [number, number, number, number]
  const [n, ho, wo, out] = dy.shape as [number, number, number, number]
  const h = xShape[1]! + kh - 1
  const width = xShape[2]! + kw - 1
  return run(backend, {
    name: 'spread',
    output: [n, h, width, out],
    inputs: { dy },
    integers: {
      h,
      width,
      ho,
      wo,
      out,
      sh: strides[0],
      sw: strides[1],
      top: kh - 1 - pads[0],
      left: kw - 1 - pads[2],
    },
    code: `
      let o = i % uniforms.out;
      let column = (i / uniforms.out) % uniforms.width - uniforms.left;
      let row = (i / (uniforms.out * uniforms.width)) % uniforms.h - uniforms.top;
      let image = i / (uniforms.out * uniforms.width * uniforms.h);
      let y = row / uniforms.sh;
      let x = column / uniforms.sw;
      let inside = row >= 0 && column >= 0 && y * uniforms.sh == row && x * uniforms.sw == column
        && y < uniforms.ho && x < uniforms.wo;
      var value = 0.0;
      if (inside) { value = dy[((image * uniforms.ho + y) * uniforms.wo + x) * uniforms.out + o]; }
      result[i] = value;`,
  })
}

/** Gradient by x where strides or wide padding leave no plain convolution of dy. */
export const convInput: Form<ConvInputAttributes> = ({ dy, w }, attributes, backend) => {
  const { strides, pads } = attributes
  const [kh, kw] = w!.shape as [number, number, number, number]
  const plain =
    strides.every((s) => s === 1) && Math.max(pads[0], pads[1]) < kh && Math.max(pads[2], pads[3]) < kw
  if (plain) return undefined
  return tf.tidy(() =>
    tf.conv2d(
      own(spread(dy!, w!, attributes, backend)) as Tensor4D,
      own(turnFilter({ w: w! }, {}, backend) as TensorInfo) as Tensor4D,
      1,
      'valid',
    ),
  )
}

/** Gradient by w of a convolution that looks at one pixel: a product of matrices. */
export const convFilter: Form<ConvFilterAttributes> = ({ x, dy }, { strides, pads, wShape }) => {
  const [kh, kw, c, out] = wShape as [number, number, number, number]
  const plain = kh === 1 && kw === 1 && strides.every((s) => s === 1) && pads.every((p) => p === 0)
  if (!plain) return undefined
  return tf.tidy(() =>
    tf.reshape(
      tf.matMul(tf.reshape(x as Tensor4D, [-1, c]), tf.reshape(dy as Tensor4D, [-1, out]), true, false),
      [1, 1, c, out],
    ),
  )
}

/** dx of a depthwise convolution: for each pixel the windows that saw it. */
export const depthwiseInput: Form<ConvInputAttributes> = (inputs, { strides, pads, xShape }, backend) => {
  const dy = inputs['dy']!
  const w = inputs['w']!
  const [kh, kw, c, m] = w.shape as [number, number, number, number]
  return run(backend, {
    name: 'depthwise input',
    output: xShape,
    inputs: { dy, w },
    integers: {
      h: xShape[1]!,
      width: xShape[2]!,
      ho: dy.shape[1]!,
      wo: dy.shape[2]!,
      c,
      m,
      kh,
      kw,
      sh: strides[0],
      sw: strides[1],
      top: pads[0],
      left: pads[2],
    },
    code: `
      let k = i % uniforms.c;
      let column = (i / uniforms.c) % uniforms.width + uniforms.left;
      let row = (i / (uniforms.c * uniforms.width)) % uniforms.h + uniforms.top;
      let image = i / (uniforms.c * uniforms.width * uniforms.h);
      var sum = 0.0;
      for (var a = 0; a < uniforms.kh; a++) {
        let y = (row - a) / uniforms.sh;
        if (row < a || y * uniforms.sh != row - a || y >= uniforms.ho) { continue; }
        for (var b = 0; b < uniforms.kw; b++) {
          let x = (column - b) / uniforms.sw;
          if (column < b || x * uniforms.sw != column - b || x >= uniforms.wo) { continue; }
          let at = (((image * uniforms.ho + y) * uniforms.wo + x) * uniforms.c + k) * uniforms.m;
          let tap = ((a * uniforms.kw + b) * uniforms.c + k) * uniforms.m;
          for (var q = 0; q < uniforms.m; q++) { sum += dy[at + q] * w[tap + q]; }
        }
      }
      result[i] = sum;`,
  })
}

/** Rows of the output that one thread adds up. */
const block = 8

/** dw of a depthwise convolution: sums over blocks of rows, then over the blocks. */
export const depthwiseFilter: Form<ConvFilterAttributes> = (inputs, { strides, pads, wShape }, backend) => {
  const x = inputs['x']!
  const dy = inputs['dy']!
  const [kh, kw, c, m] = wShape as [number, number, number, number]
  const [n, h, width] = x.shape as [number, number, number, number]
  const [, ho, wo] = dy.shape as [number, number, number, number]
  const blocks = Math.ceil(ho / block)
  const parts = run(backend, {
    name: 'depthwise filter',
    output: [n * blocks, kh, kw, c * m],
    inputs: { x, dy },
    integers: {
      blocks,
      h,
      width,
      ho,
      wo,
      c,
      m,
      kh,
      kw,
      sh: strides[0],
      sw: strides[1],
      top: pads[0],
      left: pads[2],
    },
    code: `
      let out = uniforms.c * uniforms.m;
      let o = i % out;
      let k = o / uniforms.m;
      let b = (i / out) % uniforms.kw;
      let a = (i / (out * uniforms.kw)) % uniforms.kh;
      let part = i / (out * uniforms.kw * uniforms.kh);
      let image = part / uniforms.blocks;
      let first = (part % uniforms.blocks) * ${block};
      var sum = 0.0;
      for (var y = first; y < min(first + ${block}, uniforms.ho); y++) {
        let row = y * uniforms.sh + a - uniforms.top;
        if (row < 0 || row >= uniforms.h) { continue; }
        for (var v = 0; v < uniforms.wo; v++) {
          let column = v * uniforms.sw + b - uniforms.left;
          if (column < 0 || column >= uniforms.width) { continue; }
          sum += x[((image * uniforms.h + row) * uniforms.width + column) * uniforms.c + k]
            * dy[((image * uniforms.ho + y) * uniforms.wo + v) * out + o];
        }
      }
      result[i] = sum;`,
  })
  const values = kh * kw * c * m
  const dw = sumRows(backend, { name: 'x', inputs: { x: parts }, term: 'x[p]', rows: n * blocks, c: values })
  release(backend, parts)
  return { ...dw, shape: [...wShape] }
}
