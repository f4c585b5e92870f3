import type { PoolAttributes } from '../../kernels/pool'
import { outputLength } from '../../kernels/convShape'
import { run } from '../program'
import type { Form } from '../register'

function geometry(
  xShape: readonly number[],
  { size, strides, pads: [top, bottom, left, right] }: PoolAttributes,
) {
  const [n, h, width, c] = xShape as [number, number, number, number]
  const ho = outputLength(h, size[0], strides[0], top, bottom)
  const wo = outputLength(width, size[1], strides[1], left, right)
  const integers = {
    h,
    width,
    c,
    ho,
    wo,
    kh: size[0],
    kw: size[1],
    sh: strides[0],
    sw: strides[1],
    top,
    left,
  }
  return { output: [n, ho, wo, c], integers }
}

/** Place of output value `i`, and the window it looks at, cut at the image's edge. */
const window = `
  let k = i % uniforms.c;
  let x0 = ((i / uniforms.c) % uniforms.wo) * uniforms.sw - uniforms.left;
  let y0 = ((i / (uniforms.c * uniforms.wo)) % uniforms.ho) * uniforms.sh - uniforms.top;
  let image = i / (uniforms.c * uniforms.wo * uniforms.ho);
  let y1 = min(y0 + uniforms.kh, uniforms.h);
  let x1 = min(x0 + uniforms.kw, uniforms.width);`

const place = '((image * uniforms.h + y) * uniforms.width + column) * uniforms.c + k'

/** Flat place in x of the largest value of each window, the first among equals. */
export const maxIndices: Form<PoolAttributes> = ({ x }, attributes, backend) =>
  run(backend, {
    name: 'max indices',
    dtype: 'int32',
    inputs: { x: x! },
    ...geometry(x!.shape, attributes),
    code: `${window}
      var best = -1;
      for (var y = max(y0, 0); y < y1; y++) {
        for (var column = max(x0, 0); column < x1; column++) {
          let p = ${place};
          if (best < 0 || x[p] > x[best] || (isnan(x[p]) && !isnan(x[best]))) { best = p; }
        }
      }
      result[i] = best;`,
  })

export const gatherFlat: Form = ({ x, indices }, _, backend) =>
  run(backend, {
    name: 'gather flat',
    output: indices!.shape,
    inputs: { x: x!, indices: indices! },
    code: 'result[i] = x[indices[i]];',
  })

/** Mean over the pixels of each window that are inside the image. */
export const avgPool: Form<PoolAttributes> = ({ x }, attributes, backend) =>
  run(backend, {
    name: 'average',
    inputs: { x: x! },
    ...geometry(x!.shape, attributes),
    code: `${window}
      var sum = 0.0;
      for (var y = max(y0, 0); y < y1; y++) {
        for (var column = max(x0, 0); column < x1; column++) { sum += x[${place}]; }
      }
      result[i] = sum / f32((y1 - max(y0, 0)) * (x1 - max(x0, 0)));`,
  })

/** The windows that hold pixel `i` of x, in order, with `visit` for each: `at` is its flat place, `wy`, `wx` its corner. */
const windowsOf = (visit: string) => `
  let k = i % uniforms.c;
  let px = (i / uniforms.c) % uniforms.width;
  let py = (i / (uniforms.c * uniforms.width)) % uniforms.h;
  let image = i / (uniforms.c * uniforms.width * uniforms.h);
  let firstY = max(0, (py + uniforms.top - uniforms.kh + uniforms.sh) / uniforms.sh);
  let firstX = max(0, (px + uniforms.left - uniforms.kw + uniforms.sw) / uniforms.sw);
  var sum = 0.0;
  for (var oy = firstY; oy < uniforms.ho && oy * uniforms.sh - uniforms.top <= py; oy++) {
    for (var ox = firstX; ox < uniforms.wo && ox * uniforms.sw - uniforms.left <= px; ox++) {
      let at = ((image * uniforms.ho + oy) * uniforms.wo + ox) * uniforms.c + k;
      ${visit}
    }
  }
  result[i] = sum;`

type Backward = PoolAttributes & { xShape: readonly number[] }

export const avgPoolInput: Form<Backward> = ({ dy }, attributes, backend) =>
  run(backend, {
    name: 'average input',
    output: attributes.xShape,
    inputs: { dy: dy! },
    integers: geometry(attributes.xShape, attributes).integers,
    code: windowsOf(`
      let y0 = oy * uniforms.sh - uniforms.top;
      let x0 = ox * uniforms.sw - uniforms.left;
      let rows = min(y0 + uniforms.kh, uniforms.h) - max(y0, 0);
      let columns = min(x0 + uniforms.kw, uniforms.width) - max(x0, 0);
      sum += dy[at] / f32(rows * columns);`),
  })

/** Adds g at `indices` into zeros, where the indices are those of a max pool: by pixel, so that no two threads meet. */
export const scatterFlat: Form<{ xShape: readonly number[]; windows: PoolAttributes }> = (
  { g, indices },
  { xShape, windows },
  backend,
) =>
  run(backend, {
    name: 'scatter windows',
    output: xShape,
    inputs: { g: g!, indices: indices! },
    integers: geometry(xShape, windows).integers,
    code: windowsOf('if (indices[at] == i) { sum += g[at]; }'),
  })
