import type { TensorInfo } from '../../tf'
import {
  DataType,
  execute,
  flag,
  free,
  handle,
  isNative,
  onGpu,
  type,
  type Handle,
  type Made,
} from './execute'
import { hasOneDnn } from './oneDnn'

/** What convolutions and matrix products multiply in; sums over batches, weights and all else stay float32. */
export type Precision = 'float32' | 'bfloat16' | 'float16'

const types = { float32: DataType.float, bfloat16: DataType.bfloat16, float16: DataType.half }
let precision: Precision = 'float32'

export function setPrecision(wanted: Precision): void {
  precision = wanted
}

/** Whether the device multiplies in it: a GPU does, a processor where oneDNN finds its instructions. */
export const hasPrecision = (wanted: Precision): boolean =>
  wanted === 'float32' || (isNative() && (onGpu() || hasOneDnn(types[wanted])))

export const getPrecision = (): Precision => precision

/** TensorFlow's type of the operands. */
export const operandType = (): number => types[precision]

const cast = (from: Handle, source: number, to: number): Made =>
  execute('Cast', [type('SrcT', source), type('DstT', to), flag('Truncate', false)], [from])[0]!

/** Runs an op on operands in the precision that is set; its result comes back in float32. */
export function inPrecision(operands: readonly TensorInfo[], run: (operands: Handle[]) => Made): Made {
  if (precision === 'float32') return run(operands.map(handle))
  const to = operandType()
  const low = operands.map((operand) => cast(handle(operand), DataType.float, to).id)
  try {
    const made = run(low)
    const result = cast(made.id, to, DataType.float)
    free(made.id)
    return result
  } finally {
    free(...low)
  }
}
