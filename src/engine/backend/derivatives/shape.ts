import { scatter } from '../kernels/rows'
import { tf, type Tensor } from '../tf'
import { byName, derivative } from './register'

derivative('Reshape', ['x'], (g, [x]) => ({ x: () => tf.reshape(g, x!.shape) }))
derivative('ExpandDims', ['input'], (g, [input]) => ({ input: () => tf.reshape(g, input!.shape) }))
derivative('Identity', [], (g) => ({ x: () => g.clone() }))
derivative('Cast', [], (g) => ({ x: () => tf.cast(g, 'float32') }))
derivative<{ perm: number[] }>('Transpose', [], (g, _, { perm }) => ({
  x: () =>
    tf.transpose(
      g,
      perm.map((__, i) => perm.indexOf(i)),
    ),
}))
derivative<{ dims: number[] | number }>('Reverse', [], (g, _, { dims }) => ({ x: () => tf.reverse(g, dims) }))
derivative<{ begin: number | number[]; size: number | number[] }>('Slice', ['x'], (g, [x], { begin }) => {
  const from = Array.isArray(begin) ? begin : [begin]
  const pads = x!.shape.map((d, i) => [from[i] ?? 0, d - (from[i] ?? 0) - g.shape[i]!] as [number, number])
  return { x: () => tf.pad(g, pads) }
})
derivative<{ paddings: [number, number][] }>('PadV2', ['x'], (g, [x], { paddings }) => ({
  x: () =>
    tf.slice(
      g,
      paddings.map((p) => p[0]),
      x!.shape,
    ),
}))
derivative<{ axis: number }>('Concat', 'all', (g, parts, { axis }) => {
  const at = axis < 0 ? axis + g.rank : axis
  let from = 0
  return Object.fromEntries(
    parts.map((part, i) => {
      const begin = g.shape.map((_, d) => (d === at ? from : 0))
      from += part.shape[at]!
      return [String(i), () => tf.slice(g, begin, part.shape)]
    }),
  )
})
derivative<{ axis: number }>('SplitV', [], (gs, _, { axis }) => ({
  x: () => (Array.isArray(gs) ? tf.concat(gs as Tensor[], axis) : gs.clone()),
}))
derivative<{ axis: number }>('Pack', [], (g, _, { axis }) => byName(tf.unstack(g, axis)))
derivative<{ axis: number }>('Unpack', [], (gs, _, { axis }) => ({
  value: () => tf.stack(Array.isArray(gs) ? (gs as Tensor[]) : [gs], axis),
}))
derivative<{ reps: number[] }>('Tile', ['x'], (g, [x], { reps }) => ({
  x: () => {
    // [r0, d0, r1, d1, ...] and a sum over the repeats
    const split = x!.shape.flatMap((d, i) => [reps[i]!, d])
    return tf.sum(
      tf.reshape(g, split),
      x!.shape.map((_, i) => 2 * i),
    )
  },
}))
derivative<{ axis: number; batchDims?: number }>(
  'GatherV2',
  ['x', 'indices'],
  (g, [x, indices], { axis }) => ({
    x: () => {
      const at = axis < 0 ? axis + x!.rank : axis
      const forward = [at, ...x!.shape.map((_, i) => i).filter((i) => i !== at)]
      const flat = tf.reshape(indices!, [-1])
      // axis first, then rows of g added where they came from
      const lead = g.shape.slice(0, at)
      const tail = g.shape.slice(at + indices!.rank)
      const g3 = tf.reshape(g, [lead.reduce((a, b) => a * b, 1), flat.size, tail.reduce((a, b) => a * b, 1)])
      const rows = scatter(tf.transpose(g3, [1, 0, 2]), flat, x!.shape[at]!)
      return tf.transpose(
        tf.reshape(rows, [x!.shape[at]!, ...lead, ...tail]),
        x!.shape.map((_, i) => forward.indexOf(i)),
      )
    },
    indices: () => tf.zeros(indices!.shape),
  }),
)
