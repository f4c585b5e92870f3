import type { Tensor } from '@tensorflow/tfjs-core'
import { ops } from '../../backend'
import type { ParameterSource } from '../../network/types'
import type { RandomStream } from '../../random'
import type { OwnedParameter } from '../types'

/** Row group of regressors in the layer table. */
export const REGRESSORS = 'regressors'

/**
 * A convolution with bias that brings a student's map to the channels of a teacher's; parameters `<name>.weight` and
 * `<name>.bias`, uniform within 1 / sqrt(fan in) as PyTorch starts them.
 */
export function regressorParameters(
  name: string,
  { from, to, kernel = [1, 1] }: { from: number; to: number; kernel?: readonly [number, number] },
  random: (name: string) => RandomStream,
): OwnedParameter[] {
  const shape = [...kernel, from, to]
  const bound = 1 / Math.sqrt(kernel[0] * kernel[1] * from)
  const owned = { stage: REGRESSORS, kind: 'conv2d' }
  const made = { layer: name, buffer: false, pretrained: false, owned }
  const draw = (parameter: string, size: number): Float32Array => {
    const stream = random(parameter)
    return Float32Array.from({ length: size }, () => stream.range(-bound, bound))
  }
  const weight = `${name}.weight`
  const bias = `${name}.bias`
  return [
    {
      info: { ...made, name: weight, role: 'kernel', shape, origin: 'OIHW' },
      initial: draw(
        weight,
        shape.reduce((a, b) => a * b, 1),
      ),
    },
    { info: { ...made, name: bias, role: 'bias', shape: [to], origin: 'as-is' }, initial: draw(bias, to) },
  ]
}

/** r(x) [n, h', w', to] of a student's map [n, h, w, from]; h' and w' are smaller where the kernel is larger than 1x1. */
export const regress = (parameters: ParameterSource, name: string, x: Tensor): Tensor =>
  ops.conv2d(
    x,
    parameters.get(`${name}.weight`),
    { strides: [1, 1], padding: 'valid' },
    parameters.get(`${name}.bias`),
  )
