import { plus } from './kernels/plus'
import { engineState, type TapeNode } from './mode'
import { tf, type Tensor } from './tf'
import type { ValueAndGradients } from './types'

interface Engine {
  startTape(): void
  endTape(): void
  gradients(
    f: () => Tensor,
    xs: Tensor[],
    dy?: Tensor,
    allowNone?: boolean,
  ): { value: Tensor; grads: Tensor[] }
}

const engine = () => tf.engine() as unknown as Engine

/** Inputs of the node in backward that something trainable lies behind; undefined: all may be needed. */
let wanted: ReadonlySet<string> | undefined

/** For gradients that one kernel computes together: whether the one by `input` will be asked for. */
export const isWanted = (input: string): boolean => wanted === undefined || wanted.has(input)

/** Outputs of the node in backward that the loss depends on; undefined: all may be. */
let given: readonly boolean[] | undefined

/** For gradients of several outputs: whether anything came back to this one, or its gradient is all zeros. */
export const isGiven = (output: number): boolean => given === undefined || given[output] === true

/**
 * Loss of `f` (a scalar) and its gradient by each of `inputs`, zeros where the loss does not depend on one. All
 * tensors in the result, those inside `aux` included (arrays, objects and Maps), are the caller's to dispose.
 * Inside another gradient (or a call of this) the gradients can be differentiated again. Outside, activations are
 * released as the backward pass leaves them, which halves the memory that `tf.grads` would hold.
 */
export function valueAndGradients<A = undefined>(
  f: () => { loss: Tensor; aux?: A } | Tensor,
  inputs: readonly Tensor[],
): ValueAndGradients<A> {
  let aux: A | undefined
  const auxTensors: Tensor[] = []
  const forward = (): Tensor => {
    const result = f()
    if (isTensor(result)) return result
    aux = result.aux
    collect(aux, auxTensors)
    return result.loss
  }
  const nested = engineState().gradientDepth > 0
  const { loss, gradients } = nested
    ? nestedGradients(forward, inputs, auxTensors)
    : ownGradients(forward, inputs, auxTensors)
  return { loss, gradients, aux: aux as A }
}

function nestedGradients(forward: () => Tensor, inputs: readonly Tensor[], auxTensors: Tensor[]) {
  let extra: Tensor[] = []
  const { value, grads } = engine().gradients(
    () => {
      const loss = forward()
      extra = auxTensors.map((tensor) => (tensor.kept ? tensor : tf.keep(tensor)))
      return loss
    },
    [...inputs],
    undefined,
    true,
  )
  for (const tensor of extra) tensor.kept = false
  return { loss: value, gradients: grads.map((g, i) => g ?? tf.zerosLike(inputs[i]!)) }
}

function ownGradients(forward: () => Tensor, inputs: readonly Tensor[], auxTensors: Tensor[]) {
  const state = engineState()
  let tape: TapeNode[] = []
  try {
    const [loss] = tf.tidy(() => {
      engine().startTape()
      try {
        const value = forward()
        return [value, ...auxTensors]
      } finally {
        tape = state.activeTape ?? []
        engine().endTape()
        state.activeTape = null
      }
    }) as [Tensor, ...Tensor[]]
    const ones = tf.onesLike(loss)
    const gradients = backward(tape, new Map([[loss.id, ones]]), inputs)
    ones.dispose()
    return { loss, gradients }
  } finally {
    // saved tensors are kept: a failed forward or backward must not leak them
    for (const node of tape) release(node)
  }
}

/** A gradient that can itself be differentiated; holds all that it took until it is disposed of. */
export interface KeptGradients {
  /** The caller's to dispose, at any time. */
  loss: Tensor
  gradients: Tensor[]
  /**
   * d/d`by` of the sum over gradients of <gradient, direction>, the caller's to dispose: a row of second derivatives
   * (Pearlmutter, "Fast exact multiplication by the Hessian", 1994) in one backward pass. Once only: it lets go of
   * what it walks over.
   * @param directions one a gradient; undefined is 0
   */
  along(directions: readonly (Tensor | undefined)[], by: readonly Tensor[]): Tensor[]
  dispose(): void
}

/** As `valueAndGradients`, with both passes recorded; not within another gradient. */
export function keptGradients(f: () => Tensor, inputs: readonly Tensor[]): KeptGradients {
  const state = engineState()
  let tape: TapeNode[] = []
  const dispose = (): void => {
    for (const node of tape) release(node)
    tape = []
  }
  try {
    const [loss, ...gradients] = tf.tidy(() => {
      engine().startTape()
      try {
        const value = f()
        const ones = new Map([[value.id, tf.onesLike(value)]])
        return [value, ...backward([...state.activeTape!], ones, inputs, true)]
      } finally {
        tape = state.activeTape ?? []
        engine().endTape()
        state.activeTape = null
      }
    }) as [Tensor, ...Tensor[]]
    return {
      loss,
      gradients,
      along: (directions, by) => {
        const seeds = new Map<number, Tensor>()
        directions.forEach((direction, i) => direction && seeds.set(gradients[i]!.id, direction))
        try {
          return backward(tape, seeds, by)
        } finally {
          dispose()
        }
      },
      dispose,
    }
  } catch (error) {
    dispose()
    throw error
  }
}

/**
 * Walks the tape from the outputs that `seeds` holds a gradient of, by their number, back; Baydin et al., "Automatic
 * differentiation in machine learning", section 3.2. The seeds stay the caller's.
 * @param keep the tape stays whole, since this pass is on it too
 */
function backward(
  tape: TapeNode[],
  seeds: ReadonlyMap<number, Tensor>,
  inputs: readonly Tensor[],
  keep = false,
): Tensor[] {
  const letGo = keep ? () => {} : release
  const path = connected(tape, seeds.keys(), inputs, letGo)
  const keepIds = new Set(inputs.map((x) => x.id))
  const sums = new Map<number, Tensor>()
  return tf.tidy(() => {
    for (const [id, seed] of seeds) sums.set(id, tf.clone(seed))
    for (let i = path.length - 1; i >= 0; i--) {
      const { node, active } = path[i]!
      const dys = node.outputs.map((output) => sums.get(output.id) ?? null)
      if (dys.every((dy) => dy === null)) {
        letGo(node)
        continue
      }
      accumulate(node, active, dys, sums)
      // nothing earlier on the tape reads this node's outputs, and inputs of f are never outputs of a node
      for (const output of node.outputs)
        if (!keepIds.has(output.id)) {
          sums.get(output.id)?.dispose()
          sums.delete(output.id)
        }
      letGo(node)
    }
    return inputs.map((x) => sums.get(x.id) ?? tf.zerosLike(x))
  })
}

function accumulate(
  node: TapeNode,
  active: string[],
  dys: (Tensor | null)[],
  sums: Map<number, Tensor>,
): void {
  if (!node.gradient) throw new Error(`no gradient is known for ${node.kernelName}`)
  const parts = tf.tidy(() => {
    wanted = new Set(active)
    given = dys.map((dy) => dy !== null)
    try {
      const thunks = node.gradient!(dys)
      return active.map((name) => thunks[name]!())
    } finally {
      wanted = undefined
      given = undefined
    }
  })
  active.forEach((name, k) => {
    const id = node.inputs[name]!.id
    const before = sums.get(id)
    // a gradient may hand back its own dy: then two entries would share one tensor and its disposal
    const part =
      dys.includes(parts[k]!) || parts.indexOf(parts[k]!) < k ? tf.tidy(() => parts[k]!.clone()) : parts[k]!
    sums.set(id, before ? plus({ a: before, b: part }) : part)
    if (before) {
      before.dispose()
      part.dispose()
    }
  })
}

/** Nodes that lie between an input and one of the ends, with the inputs among theirs that depend on one of ours. */
function connected(
  tape: TapeNode[],
  ends: Iterable<number>,
  inputs: readonly Tensor[],
  letGo: (node: TapeNode) => void,
) {
  const fromInputs = new Set(inputs.map((x) => x.id))
  const forwardNodes: { node: TapeNode; active: string[] }[] = []
  for (const node of tape) {
    const active = Object.keys(node.inputs).filter((name) => fromInputs.has(node.inputs[name]!.id))
    if (!active.length) {
      letGo(node)
      continue
    }
    // whole numbers and masks carry no derivative
    for (const output of node.outputs) if (output.dtype === 'float32') fromInputs.add(output.id)
    forwardNodes.push({ node, active })
  }
  const toLoss = new Set(ends)
  const path: typeof forwardNodes = []
  for (let i = forwardNodes.length - 1; i >= 0; i--) {
    const entry = forwardNodes[i]!
    if (entry.node.outputs.some((output) => toLoss.has(output.id))) {
      for (const name of entry.active) toLoss.add(entry.node.inputs[name]!.id)
      path.push(entry)
    } else letGo(entry.node)
  }
  return path.reverse()
}

function release(node: TapeNode): void {
  for (const tensor of node.saved) tensor.dispose()
  node.saved = []
}

const isTensor = (value: unknown): value is Tensor => value instanceof tf.Tensor

function collect(value: unknown, into: Tensor[]): void {
  if (isTensor(value)) into.push(value)
  else if (value instanceof Map) for (const item of value.values()) collect(item, into)
  else if (Array.isArray(value)) for (const item of value) collect(item, into)
  else if (value && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) collect(item, into)
}

/**
 * Runs `fn` as if no gradient were being recorded: its result is a constant, and its intermediate tensors are freed.
 * For what a loss only reads: a teacher's features, weights of a penalty. Its tensors belong to the scope around it.
 */
export function untaped<T extends tf.TensorContainer>(fn: () => T): T {
  const state = engineState()
  const { activeTape, gradientDepth } = state
  state.activeTape = null
  state.gradientDepth = 0
  try {
    return tf.tidy(fn)
  } finally {
    state.activeTape = activeTape
    state.gradientDepth = gradientDepth
  }
}
