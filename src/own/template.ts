/** What `thaw new strategy NAME` writes: a strategy that runs, and its tests. */
export const strategyText = (
  title: string,
): string => `import { batchNormModes, defineStrategy, ops, tf, z, type Scalar, type Tensor } from 'thaw'

/** Full fine-tuning with a penalty on the scores' size, as a place to start from: docs/own-strategy.md tells more. */
export default defineStrategy({
  title: ${JSON.stringify(title)},
  summary: 'One sentence that people choose it by.',
  options: z.strictObject({
    strength: z.number().min(0).default(0.01).describe('Weight of the penalty'),
  }),
  // with these options it must be plain full fine-tuning, bit for bit
  off: { strength: 0 },

  plan({ spec, steps }, { strength }) {
    return [
      {
        name: 'fine-tune',
        steps,
        trains: () => true,
        batchNorm: batchNormModes(spec, () => true),
        terms: strength === 0 ? [] : [{ name: 'penalty', value: ({ logits }) => penalty(logits, strength) }],
      },
    ]
  },
})

/** strength times the mean square of the scores [n, classes]. */
function penalty(logits: Tensor, strength: number): Scalar {
  return tf.mul(ops.mean(ops.square(logits)), strength) as Scalar
}
`

export const testText = (name: string): string => `import { assert, run, test } from 'thaw/test'
import strategy from './${name}'

// \`thaw check strategy ${name}.ts\` runs these after the contract that every strategy is held to

test('a stronger penalty leaves smaller scores', async () => {
  const weak = await run(strategy, { strength: 0.001 })
  const strong = await run(strategy, { strength: 1 })
  assert.ok(strong.parts.at(-1)!.penalty! < 1000 * weak.parts.at(-1)!.penalty!)
})
`
