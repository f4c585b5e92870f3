import { tf, type Tensor } from '../../tf'
import type { Form } from '../register'

/** A sum of more tensors than a shader may bind (8 on every GPU, and tfjs binds them all), in groups. */
export const addMany: Form = (inputs, _, backend) => {
  const parts = Object.values(inputs) as Tensor[]
  const most = backend.device.limits.maxStorageBuffersPerShaderStage - 1
  if (parts.length <= most) return undefined
  const groups = Array.from({ length: Math.ceil(parts.length / most) }, (_, i) =>
    parts.slice(i * most, (i + 1) * most),
  )
  return tf.tidy(() => tf.addN(groups.map((group) => tf.addN(group))))
}
