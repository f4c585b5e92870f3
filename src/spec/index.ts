export { formatProblem } from './format'
export { jsonSchema, type JsonSchema, type StrategyOptions } from './jsonSchema'
export { parseRunFile, placeOf, type ParsedRunFile, type ParseOptions } from './parse'
export { printPath, readPath } from './path'
export type {
  ActionSpec,
  DataSpec,
  FreezeSpec,
  ModelSpec,
  OptimizerSpec,
  ResolvedSpec,
  ScheduleSpec,
  TrainSpec,
  TransformSpec,
} from './schema'
export { runNameOf } from './runName'
export { applySettings, readSetting, writesField } from './settings'
export { MAX_RUN_FILE_BYTES } from './source'
export { settingOf, withoutTune } from './space'
export { suggest } from './suggest'
export type { Dimension, TunedSpec, TuneSpec } from './tune'
export { ExitCode, UserError, type Place, type Problem } from './types'
