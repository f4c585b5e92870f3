/** Training: phases, the loop, checkpoints, the freeze truth; before a run its preflight, after it prediction. */
export { trainRun } from './run'
export { TrainingSession, type StepReport } from './session'
export { preflight, type Estimate, type Preflight } from './preflight'
export { openTrained, predict, evaluateRun, type Prediction, type TrainedModel } from './trained'
export { replaySpec } from './replay'
export type { ImageSource } from './images'
export type { Parts, Setup } from './setup'
export type * from './types'
