import { z } from 'zod'
import type { StrategyMeta } from '../types'

const strength = z.number().min(0).max(1e6)

export const variants = [
  'l2',
  'l2-sp',
  'l2-sp-fisher',
  'l1-sp',
  'group-lasso-sp',
  'group-lasso-sp-fisher',
] as const

export const options = z.strictObject({
  variant: z
    .enum(variants)
    .default('l2-sp')
    .describe(
      'Form of the penalty on the distance from the pre-trained weights: squares (`l2-sp`), squares weighted by the Fisher information, absolute values, norms of whole filters, the same weighted; `l2` pulls towards 0',
    ),
  alpha: strength
    .optional()
    .describe(
      'Strength of the pull of the backbone; default 0.1, for `l2` 0.0001. Its scale differs by variant',
    ),
  beta: strength
    .optional()
    .describe('Strength of the pull of the new head towards 0; default 0.01, for `l2` 0.001'),
  scope: z
    .enum(['kernels', 'all'])
    .default('kernels')
    .describe(
      "`kernels`: convolution and dense kernels, as in the authors' code; `all`: biases and batch-norm scales too",
    ),
  form: z
    .enum(['auto', 'loss', 'decoupled', 'proximal'])
    .default('auto')
    .describe(
      '`loss` adds the penalty to the loss, `decoupled` applies its gradient with the step, past the moments; `auto` is decoupled with adam and adamw; `proximal` (`l1-sp`, `group-lasso-sp`) lands exactly on pre-trained values',
    ),
  smoothed: z
    .boolean()
    .default(false)
    .describe("`l1-sp`: sqrt(d^2 + 1e-16) in the place of |d|, the authors' second form"),
  fisher: z
    .strictObject({
      data: z
        .enum(['target', 'source', 'given'])
        .default('target')
        .describe(
          "What the Fisher information is estimated on: the training images (not the paper's way, but they are there), `source` images as in the paper, or `given` in `train.inputs` as `fisher.<parameter>`, used as it is",
        ),
      source: z
        .string()
        .min(1)
        .max(4096)
        .optional()
        .describe('Folder of source images, laid out like `data.source`; needed with `source`'),
      images: z.int().min(1).max(1_000_000).default(64).describe('Images it is averaged over'),
      labels: z
        .enum(['auto', 'exact', 'sampled'])
        .default('auto')
        .describe(
          "Expectation over the network's own labels: `exact` takes a backward pass for each class and image, `sampled` draws one label; `auto` is exact up to 50 classes",
        ),
      epsilon: z
        .number()
        .min(0)
        .max(1e6)
        .default(0)
        .describe("Added to every value (`fisher_epsilon` in the authors' code)"),
      limit: z
        .number()
        .positive()
        .max(1e12)
        .optional()
        .describe('Larger values are cut to this; default: none is'),
      normalise: z
        .boolean()
        .default(false)
        .describe('Divide by the mean over all weights, so that `alpha` means what it means for `l2-sp`'),
    })
    .prefault({})
    .describe('Where the Fisher information of the two Fisher variants comes from'),
})

export const meta: StrategyMeta = {
  name: 'l2-sp',
  title: 'L2-SP',
  type: 'constraint',
  summary:
    'Full fine-tuning with a pull of every backbone weight towards its pre-trained value instead of towards zero.',
  source:
    'Li, Grandvalet, Davoine, "Explicit Inductive Bias for Transfer Learning with Convolutional Networks", ICML 2018, arXiv 1802.01483',
  cost: '1x time (under 5 % more); a second copy of the pre-trained weights, a third for the Fisher variants',
  options,
}
