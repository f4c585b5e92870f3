import type { ResolvedSpec } from '../../spec/schema'
import { UserError } from '../../spec/types'
import { drawnOrder } from '../data'
import { toOrigin, writeSafetensors, type TensorToWrite } from '../formats'
import type { PlainValue } from '../network/types'
import { floats } from '../optim/floats'
import { Noise } from './noise'
import { inputNames, readInputs, takes } from './outside'
import { CHECKPOINT_FILES, unpackTensors } from './checkpoint'
import { TrainingSession } from './session'
import type { Parts } from './setup'
import { silent } from './silent'

export interface Draws {
  /** For `train.initialize`: every parameter and buffer before step 0, in the layouts of origin. */
  initialize: Uint8Array
  /** For `train.inputs`: the order of the training images and the strategy's noise. */
  inputs: Uint8Array
  /** Streams that the files do not hold, and that therefore need the run's own `train.seed`. */
  seeded: ('transforms' | 'dropout')[]
}

/**
 * What chance decided in a run, drawn once more from its seed: a run with these as `train.initialize` and
 * `train.inputs` gives the same weights, and so can another implementation.
 * @param hash of the pre-trained values that the run told, when it has begun
 * @param checkpoint files of one, where there is one: what the strategy measured is taken from it
 * @throws UserError when the model file is not the one the run began with
 */
export async function drawsOf(
  spec: ResolvedSpec,
  env: { base: string; cache?: string },
  {
    hash,
    parts,
    checkpoint,
  }: { hash?: string; parts?: Parts; checkpoint?: ReadonlyMap<string, Uint8Array> } = {},
): Promise<Draws> {
  const session = await TrainingSession.open(spec, { ...env, runId: 'draws', sink: silent }, parts)
  try {
    if (hash !== undefined && session.w0Hash !== hash)
      throw new UserError(
        'the pre-trained weights are not those the run began with; put the model file back to draw again what it drew',
      )
    const { graph, bank, setup } = session
    const values = new Map<string, TensorToWrite>()
    for (const info of graph.parameters.values())
      values.set(info.name, toOrigin(info, floats(bank.get(info.name))))
    const { batchSize, optimizer, seed, inputs } = spec.train
    const { strategy, options, context } = setup
    const declared = strategy.draws?.(context, options) ?? []
    const known = inputNames(setup)
    const given = await readInputs(env.base, inputs, known)
    const { shuffle, transforms } = spec.data
    // a run without steps draws nothing, but an order has to be of something
    const batches = Math.max(1, setup.steps * optimizer.accumulate)
    const order = drawnOrder(setup.images.dataset, { batchSize, shuffle, seed, order: given.order }, batches)
    const shape = [batches, batchSize]
    const noise = new Noise(seed, given.others)
    const tensors = new Map<string, TensorToWrite>([['batch_order', { shape, data: order }]])
    for (const declaration of declared) {
      const rows = Array.from({ length: batches }, () => noise.values(declaration))
      const data = Float32Array.from(rows.flatMap((row) => [...row]))
      tensors.set(declaration.name, { shape: [batches, ...declaration.shape], data })
    }
    for (const [name, value] of await measured(checkpoint)) if (takes(known, name)) tensors.set(name, value)
    for (const [name, value] of given.others) if (!tensors.has(name)) tensors.set(name, value)
    return {
      initialize: writeSafetensors(values, { format: 'pt', architecture: graph.architecture }),
      inputs: writeSafetensors(tensors),
      seeded: [
        ...(transforms === 'none' ? [] : (['transforms'] as const)),
        ...(spec.model.dropout > 0 ? (['dropout'] as const) : []),
      ],
    }
  } finally {
    await session.dispose()
  }
}

/** Tensors that a strategy keeps in a checkpoint; those under names of `train.inputs` are in its layouts. */
async function measured(checkpoint?: ReadonlyMap<string, Uint8Array>): Promise<Map<string, PlainValue>> {
  const file = checkpoint?.get(CHECKPOINT_FILES.strategy)
  return file ? unpackTensors(file, CHECKPOINT_FILES.strategy) : new Map()
}
