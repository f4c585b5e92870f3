import type { OptimizerSpec } from '../../spec/schema'
import { hasKernels, isNative, isWebgpu } from '../backend'
import { adam } from './adam'
import { DeviceOptimizer } from './deviceOptimizer'
import { deviceAdam, deviceSgd } from './deviceRules'
import { KernelOptimizer } from './kernelOptimizer'
import { kernelAdam, kernelSgd } from './kernelRules'
import { NamedOptimizer } from './optimizer'
import { sgd } from './sgd'
import type { Optimizer } from './types'
import { VariableOptimizer } from './variableOptimizer'
import { variableAdam, variableSgd } from './variableRules'

export { GradientAccumulator } from './accumulate'
export { clipByGlobalNorm, globalNorm, squaredNorm } from './clip'
export { floats } from './floats'
export { createSchedule } from './schedule'
export { lbfgs, minimizeLbfgs } from './lbfgs'
export type { LbfgsOptions, LbfgsProgress, LbfgsResult, Objective } from './lbfgs'
export { fitLogistic, fitLogisticSteps, foldScales, predictLogistic } from './logistic'
export type { LinearLayer, LogisticFit, LogisticOptions } from './logistic'
export { softmaxLoss } from './softmaxLoss'
export { measureScales, standardise } from './standardise'
export type { Standardisation, StandardiseMode } from './standardise'
export type { Optimizer, ParameterRate, Schedule } from './types'

/** Optimizer of a run file. Rates and decay come with each step (`apply`), so that groups can differ and change. */
export function createOptimizer(spec: OptimizerSpec): Optimizer {
  switch (spec.name) {
    case 'sgd':
      if (isNative())
        return hasKernels() ? new KernelOptimizer(kernelSgd(spec)) : new VariableOptimizer(variableSgd(spec))
      return isWebgpu() ? new DeviceOptimizer(deviceSgd(spec)) : new NamedOptimizer(sgd(spec))
    case 'adam':
    case 'adamw': {
      const options = { ...spec, decoupled: spec.name === 'adamw' }
      if (isNative())
        return hasKernels()
          ? new KernelOptimizer(kernelAdam(options))
          : new VariableOptimizer(variableAdam(options))
      return isWebgpu() ? new DeviceOptimizer(deviceAdam(options)) : new NamedOptimizer(adam(options))
    }
  }
}
