import './derivatives'

export { tf } from './tf'
export type { Tensor } from './tf'
export { ops } from './ops'
export { valueAndGradients } from './gradients'
export { secondOrder } from './mode'
export { openBackend, resetBackend, type OpenOptions } from './open'
export type * from './types'
