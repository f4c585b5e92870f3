import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  variant: z
    .enum(['l2-sp'])
    .default('l2-sp')
    .describe('Form of the penalty on the distance from the pre-trained weights'),
  alpha: z
    .number()
    .min(0)
    .max(1e6)
    .default(0.1)
    .describe('Strength of the pull of the backbone towards its pre-trained weights'),
  beta: z.number().min(0).max(1e6).default(0.01).describe('Strength of the pull of the new head towards 0'),
  scope: z
    .enum(['kernels', 'all'])
    .default('kernels')
    .describe(
      "`kernels`: convolution and dense kernels, as in the authors' code; `all`: biases and batch-norm scales too",
    ),
  form: z
    .enum(['auto', 'loss', 'decoupled'])
    .default('auto')
    .describe(
      '`loss` adds the penalty to the loss, `decoupled` applies its gradient with the step, past the moments; `auto` is decoupled with adam and adamw',
    ),
})

export const meta: StrategyMeta = {
  name: 'l2-sp',
  title: 'L2-SP',
  type: 'constraint',
  summary:
    'Full fine-tuning with a pull of every backbone weight towards its pre-trained value instead of towards zero.',
  source:
    'Li, Grandvalet, Davoine, "Explicit Inductive Bias for Transfer Learning with Convolutional Networks", ICML 2018, arXiv 1802.01483',
  cost: '1x time (under 1 % more); a second copy of the pre-trained weights',
  options,
}
