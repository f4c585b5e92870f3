import { tf, type Tensor } from '../backend'
import { createBank, rowsWithin, takeRows, type KeptAxes, type KeptParameters } from '../network'
import type { NetworkGraph, ParameterBank, PlainValue } from '../network/types'
import { floats } from '../optim/floats'
import type { Optimizer } from '../optim/types'

/** A network with fewer rows in some parameters than the one a run began with; names are the same. */
export interface Narrowing {
  /** With the strategy's own parameters. */
  graph: NetworkGraph
  /** Rows that are left of the parameters that the run began with. */
  kept: KeptParameters
  /** All values; left out: those of now, where the network that they are of has all rows that are kept. */
  values?: ReadonlyMap<string, PlainValue>
}

type Rows = (name: string, rank: number) => KeptAxes

/** A bank of its own with the rows that are asked for. */
export function narrowBank(bank: ParameterBank, rows: Rows): ParameterBank {
  return createBank(
    new Map(
      bank.names().map((name) => {
        const { shape } = bank.get(name)
        // a copy: what is read from wasm's memory is lost as soon as that grows
        const value = { shape: [...shape], data: floats(bank.get(name)).slice() }
        return [name, takeRows(value, rows(name, shape.length))]
      }),
    ),
  )
}

/**
 * Cuts an optimizer's slots as their parameters are cut; what is no slot of a value each (a step count) stays.
 * @param shapes of the parameters as they were
 */
export function narrowSlots(
  optimizer: Optimizer,
  shapes: (name: string) => readonly number[],
  rows: Rows,
): void {
  const slots = new Map<string, Tensor>()
  for (const [key, tensor] of optimizer.slots()) {
    const name = key.slice(0, key.lastIndexOf('/'))
    const shape = shapes(name)
    const isCount = key.endsWith('/step')
    const { data } = isCount
      ? { data: floats(tensor).slice() }
      : takeRows({ shape: [...shape], data: floats(tensor).slice() }, rows(name, shape.length))
    slots.set(key, tf.tensor(data, [data.length], 'float32'))
  }
  optimizer.restore(slots)
}

/** Rows of a narrower network within a wider one, each given by what is left of the first. */
export const rowsOf =
  (wider: KeptParameters, narrower: KeptParameters): Rows =>
  (name, rank) =>
    rowsWithin(wider.get(name), narrower.get(name), rank)
