import type { Role } from '../../network/types'
import type { KerasLayer } from './config'

/** One stored weight: its name in the file and its values, read when asked for. */
export interface StoredWeight {
  name: string
  shape: readonly number[]
  read(): Promise<Float32Array>
}

/** Where a Keras model's weights are: by layer and Keras's own weight name, or by its place in the layer's list. */
export interface WeightStore {
  find(layer: KerasLayer, weight: string, index: number): StoredWeight | undefined
}

/** A parameter of the graph with where its values come from. */
export interface WeightSource {
  parameter: string
  role: Role
  weight: StoredWeight
}
