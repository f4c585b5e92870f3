import { UserError } from '../../../spec/types'
import type { NetworkContext } from '../types'
import { usesFisher, type Options } from './strengths'

/** @throws UserError for options that the network or each other rule out */
export function check({ spec, pretrained }: NetworkContext, { variant, form, fisher, alpha }: Options): void {
  if (!pretrained && variant !== 'l2' && alpha !== 0)
    throw new UserError(
      `strategy: l2-sp pulls towards pre-trained weights, and the model has none; name a model file in model.source, or write strategy.variant "l2"`,
    )
  if (form === 'proximal' && variant !== 'l1-sp' && variant !== 'group-lasso-sp')
    throw new UserError(
      `strategy.form: "proximal" is for l1-sp and group-lasso-sp, whose penalty has a kink, and not for ${variant}; write "auto"`,
    )
  if (!usesFisher(variant)) return
  if (fisher.data === 'source' && fisher.source === undefined)
    throw new UserError(
      'strategy.fisher.source: a folder of source images is needed; write its path, or strategy.fisher.data "target"',
    )
  if (fisher.data === 'given' && spec.train.inputs === undefined)
    throw new UserError(
      'strategy.fisher.data: "given" needs a file in train.inputs with a tensor fisher.<parameter> for each kernel of the backbone',
    )
}
