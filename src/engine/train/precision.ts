import { ExitCode, UserError } from '../../spec/types'
import { hasPrecision, setPrecision, type Precision } from '../backend'
import type { OpenBackend } from '../backend/types'

/**
 * Sets what convolutions multiply in from here on in this process.
 * @returns the back end with its device's description, which says so: it goes into `run-started`
 * @throws UserError where the device does not multiply in it
 */
export function choosePrecision(precision: Precision, backend: OpenBackend): OpenBackend {
  if (!hasPrecision(precision))
    throw new UserError(
      `train.precision "${precision}" needs back end "native" on an NVIDIA GPU, or on a processor that multiplies in it; back end "${backend.name}" (${backend.device}) does not here: write "float32"`,
      ExitCode.machineLacks,
    )
  setPrecision(precision)
  return precision === 'float32'
    ? backend
    : { ...backend, device: `${backend.device}, convolutions in ${precision}` }
}
