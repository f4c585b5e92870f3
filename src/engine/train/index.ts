/** Training: phases, the loop, checkpoints, the freeze truth. */
export { trainRun } from './run'
export { TrainingSession, type StepReport } from './session'
export type { ImageSource } from './images'
export type { Parts, Setup } from './setup'
export type * from './types'
