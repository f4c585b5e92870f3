import type { NetworkGraph } from '../types'

export interface ArchitectureOptions {
  /** Outputs of the classifier. */
  classes?: number
  /** Side of the square input in pixels; default: what the architecture was made for. */
  inputSize?: number
}

export type Architecture = (options: ArchitectureOptions) => NetworkGraph
