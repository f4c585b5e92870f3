import type { DeviceSpec } from '../../../spec/schema'
import { usableCores } from './cores'

/** Variables that TensorFlow, oneDNN and CUDA read when they are loaded; one that is set outside is kept. */
export function variables(
  device: Partial<DeviceSpec> = {},
  outside: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const threads = String(threadsFor(device, outside))
  const wanted = {
    // its chatter; errors are thrown
    TF_CPP_MIN_LOG_LEVEL: '3',
    TF_FORCE_GPU_ALLOW_GROWTH: String(device.memoryGrowth ?? true),
    NVIDIA_TF32_OVERRIDE: (device.tf32 ?? true) ? undefined : '0',
    TF_DETERMINISTIC_OPS: (device.deterministic ?? true) ? '1' : '0',
    CUDA_VISIBLE_DEVICES: device.gpu === undefined ? undefined : String(device.gpu),
    // so that device.gpu counts as nvidia-smi does
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  }
  const kept = Object.entries(wanted).filter(([name, value]) => value !== undefined && !outside[name])
  return {
    ...Object.fromEntries(kept as [string, string][]),
    TF_NUM_INTRAOP_THREADS: threads,
    OMP_NUM_THREADS: threads,
  }
}

/** Threads of one operation: the run file's, those set outside, else the physical cores that may be used. */
export function threadsFor(
  device: Partial<DeviceSpec> = {},
  outside: NodeJS.ProcessEnv = process.env,
): number {
  const set = Number(outside.TF_NUM_INTRAOP_THREADS || outside.OMP_NUM_THREADS)
  return device.threads ?? (Number.isInteger(set) && set > 0 ? set : usableCores())
}
