import { DataType, execute, flag, free, int, onGpu, scalarOf, text, type, type Attribute } from './execute'
import { allowed } from './ways'

const present = new Map<number, boolean>()

/** TensorFlow's graph rewriter marks oneDNN's ops with it; without it no kernel is found. */
const mark = text('_kernel', 'MklNameChangeOp')

/**
 * Whether oneDNN's own ops, `_MklNative…`, may be called for operands of this type: builds for x86 processors have
 * them, for half floats where the processor multiplies in them. On a GPU the plain names are cuDNN's, and these
 * would bring every tensor back to the processor. Asked once.
 */
export function hasOneDnn(dtype: number = DataType.float): boolean {
  if (!allowed().oneDnn) return false
  let known = present.get(dtype)
  if (known === undefined) present.set(dtype, (known = !onGpu() && answers(dtype)))
  return known
}

function answers(dtype: number): boolean {
  const made = [scalarOf(1, [1, 1, 1, 1])]
  const run = (op: string, attributes: Attribute[], inputs: number[]) => {
    made.push(execute(op, attributes, inputs)[0]!.id)
    return made.at(-1)!
  }
  try {
    const x = run('Cast', [type('SrcT'), type('DstT', dtype), flag('Truncate', false)], [made[0]!])
    run(
      '_MklNativeConv2D',
      [type('T', dtype), int('strides', [1, 1, 1, 1]), text('padding', 'VALID'), mark],
      [x, x],
    )
    return true
  } catch {
    return false
  } finally {
    free(...made)
  }
}

/** An op's name and attributes on oneDNN where it is there and wanted, else the plain ones. */
export function preferOneDnn(
  op: string,
  attributes: readonly Attribute[],
  { dtype = DataType.float as number, wanted = true } = {},
): [op: string, attributes: readonly Attribute[]] {
  return wanted && hasOneDnn(dtype) ? [`_MklNative${op}`, [...attributes, mark]] : [op, attributes]
}
