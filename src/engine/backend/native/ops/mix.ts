// Two branches by gates on TensorFlow: one selection where every gate is 0 or 1, as decisions are.
import { spread } from '../../kernels/spread'
import { tf, type Tensor, type TensorInfo } from '../../tf'
import { call1, onGpu, own, type } from './execute'

type Inputs = Record<string, Tensor>
const T = type('T')

/** On the processor, where a look at a few hundred values costs less than one pass over a map. */
const areHard = (g: Tensor): boolean => !onGpu() && g.dataSync().every((value) => value === 0 || value === 1)

const select = (condition: TensorInfo, yes: TensorInfo, no: TensorInfo): Tensor =>
  own(call1('SelectV2', [T], [condition, yes, no]))

/** b where the gate is 1, a where it is 0; undefined where gates lie between. */
export const mix = ({ a, b, g }: Inputs): TensorInfo | undefined =>
  areHard(g!) ? tf.tidy(() => select(tf.greater(spread(g!, a!), 0.5), b!, a!)) : undefined

/** dy where the gate is 1 (`second`) or 0, else 0; undefined where gates lie between. */
export const mixPart = ({ dy, g }: Inputs, { second }: { second: boolean }): TensorInfo | undefined => {
  if (!areHard(g!)) return undefined
  return tf.tidy(() => {
    const one = tf.greater(spread(g!, dy!), 0.5)
    const none = tf.scalar(0)
    return second ? select(one, dy!, none) : select(one, none, dy!)
  })
}
