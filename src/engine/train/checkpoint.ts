import { UserError } from '../../spec/types'
import { prefetch, tf } from '../backend'
import type { Tensor } from '../backend'
import type { StreamState } from '../data/types'
import { readSafetensors, writeSafetensors, type TensorToWrite } from '../formats'
import type { ParameterSource, PlainValue } from '../network/types'
import { floats } from '../optim/floats'
import type { RandomState } from '../random'
import type { BestState } from './earlyStopping'
import type { NoiseState } from './noise'
import type { LossScaleState } from './lossScale'
import type { PaceState } from './pace'

/** `state.json` of a checkpoint: with the tensors beside it all that decides how a run goes on. */
export interface SessionState {
  version: 2
  step: number
  phase: number
  /** A phase that is solved at once has been. */
  solved: boolean
  /** Factor on every rate, set live. */
  rateFactor: number
  /** Live freezes and thaws by parameter. */
  overrides: [name: string, trains: boolean][]
  /** How many of the run file's actions are done. */
  actions: number
  streams: { batches: StreamState; dropout: RandomState; noise: NoiseState }
  pace: PaceState
  /** Of float16; absent in older checkpoints. */
  lossScale?: LossScaleState
  best?: BestState
  classes: string[]
  /** sha256 of the pre-trained values: a checkpoint belongs to one network. */
  w0: string
  backend: { name: string; version: string; threads: number }
  /** Steps of a positive rate in this phase, for the freeze truth. */
  moving: number
  /** The strategy has begun the phase. */
  entered: boolean
  /** And has ended it. */
  left: boolean
  /** The strategy needs no more steps. */
  enough: boolean
  /** What the strategy keeps beside weights. */
  strategy?: unknown
  /** The weights are the final ones; nothing is left to do. */
  ended: boolean
}

export const CHECKPOINT_FILES = {
  weights: 'weights.safetensors',
  optimizer: 'optimizer.safetensors',
  /** Values at the start of the phase, where they are not the pre-trained ones. */
  phase: 'phase.safetensors',
  /** Best weights so far, where `keep` asks for them. */
  best: 'best.safetensors',
  /** Tensors of the strategy beside parameters and buffers. */
  strategy: 'strategy.safetensors',
  /** Names, shapes and layouts of what `weights` holds, see `ListedParameter`. */
  parameters: 'parameters.json',
  state: 'state.json',
} as const

/** Named tensors as a file in our own layout. */
export function packTensors(tensors: Iterable<readonly [string, Tensor]>): Uint8Array {
  const plain = new Map<string, TensorToWrite>()
  const all = [...tensors]
  prefetch(all.map(([, tensor]) => tensor))
  for (const [name, tensor] of all) plain.set(name, { shape: tensor.shape, data: floats(tensor).slice() })
  return writeSafetensors(plain, { format: 'thaw-checkpoint' })
}

export function packBank(bank: ParameterSource, names: Iterable<string>): Uint8Array {
  return packTensors([...names].map((name) => [name, bank.get(name)] as const))
}

export async function unpackTensors(bytes: Uint8Array, file: string): Promise<Map<string, PlainValue>> {
  const { tensors } = await readSafetensors(bytes, file)
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data }]))
}

export function toTensors(values: ReadonlyMap<string, PlainValue>): Map<string, Tensor> {
  return new Map([...values].map(([name, { shape, data }]) => [name, tf.tensor(data, shape, 'float32')]))
}

/** @throws UserError for a file that is missing or cannot be read */
export function readState(files: ReadonlyMap<string, Uint8Array>): SessionState {
  const state = JSON.parse(new TextDecoder().decode(fileOf(files, CHECKPOINT_FILES.state))) as SessionState
  if (state.version !== 2)
    throw new UserError(
      `the checkpoint was written by another version of Thaw (${String(state.version)}); use that version to go on`,
    )
  return state
}

export function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name)
  if (!bytes) throw new UserError(`the checkpoint lacks ${name}; go on from an older one`)
  return bytes
}
