import type { TransTailorRound } from '../../../events/pictures/transtailor'
import type { KeptChannels } from '../../network'
import type { Acting } from './factors'
import type { Measured } from './picture'

/** A network that the run may end with. */
export interface Choice {
  round: number
  accuracy: number
  kept: KeptChannels
}

/** What the runtime knows beside weights. */
export interface State {
  /** Channels that are left of the whole network. */
  kept: KeptChannels
  acting: Acting
  curve: TransTailorRound[]
  /** Accuracy of the last accepted network, W_o. */
  accepted: number
  choice?: Choice
  /** The last round reached its budget. */
  reached: boolean
  measured?: Measured
}

type Entries<T> = [string, T][]

/** `State` as plain JSON. */
export interface SavedState extends Omit<State, 'kept' | 'choice' | 'measured'> {
  kept: Entries<readonly number[]>
  choice?: Omit<Choice, 'kept'> & { kept: Entries<readonly number[]> }
  measured?: { [K in keyof Measured]: Entries<readonly number[]> }
}

export const initialState = (): State => ({
  kept: new Map(),
  acting: 'scale',
  curve: [],
  accepted: 0,
  reached: true,
})

export function saveState({ kept, choice, measured, ...plain }: State): SavedState {
  return {
    ...plain,
    kept: [...kept],
    ...(choice && { choice: { ...choice, kept: [...choice.kept] } }),
    ...(measured && {
      measured: {
        kept: [...measured.kept],
        importance: [...measured.importance],
        alpha: [...measured.alpha],
      },
    }),
  }
}

export function readState({ kept, choice, measured, ...plain }: SavedState): State {
  return {
    ...plain,
    kept: new Map(kept),
    ...(choice && { choice: { ...choice, kept: new Map(choice.kept) } }),
    ...(measured && {
      measured: {
        kept: new Map(measured.kept),
        importance: new Map(measured.importance),
        alpha: new Map(measured.alpha),
      },
    }),
  }
}

/** What a phase of the run is: the head, then factors and tuning of each round. */
export function stepOf(phase: number): { kind: 'head' | 'factors' | 'tune'; round: number } {
  if (phase === 0) return { kind: 'head', round: 0 }
  return { kind: phase % 2 === 1 ? 'factors' : 'tune', round: Math.ceil(phase / 2) }
}
