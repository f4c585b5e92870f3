export type * from './artifacts'
export {
  attemptOwner,
  createExclusively,
  readIdentity,
  handOverAttempt,
  highestAttempt,
  openAttempt,
  SupersededError,
  takeAttempt,
  type Attempt,
} from './attempts'
export { CheckpointStore, type CheckpointInfo } from './checkpoints'
export { realDisk, type Disk } from './disk'
export { errorCode, explainFailure } from './failures'
export { foldEvent, foldEvents } from './fold'
export {
  createRunFolder,
  createRunId,
  isRunFolder,
  openRunFolder,
  readStoredSpec,
  runsFolder,
  writeStoredSpec,
  type RunFolder,
  type StoredSpec,
} from './folder'
export { decodeJson, encodeJson } from './json'
export { LayerReader, type LayerWindow, type LayerWindowRequest } from './layerReader'
export { LayerWriter } from './layerWriter'
export {
  bootId,
  identityOf,
  livenessOf,
  ownIdentity,
  processStart,
  type Liveness,
  type ProcessIdentity,
} from './processes'
export { EventReader, readTail, type SkippedLines } from './reader'
export { chooseKept, type Retention } from './retention'
export { expandRows, type RowRange } from './rows'
export { SERIES_POINTS, type Series } from './series'
export { isAlive, readStatus, writeStatus } from './status'
export { inTurn } from './turns'
export * from './types'
export { emptyView, type Declaration, type EvalPoint, type RunView } from './view'
export { EventWriter, type EventWriterOptions } from './writer'
