import type { ScheduleSpec } from '../../spec/schema'
import type { Schedule } from './types'

/** Div factors of torch.optim.lr_scheduler.OneCycleLR: first over highest, last over first rate. */
const ONE_CYCLE_DIV = 25
const ONE_CYCLE_FINAL_DIV = 1e4

/**
 * Factor on the base rate, by step. `warmup` is a share of the steps, rounded; it rises in equal parts and
 * reaches 1 with its last step (so the first step is never idle), then the named curve takes the rest.
 */
export function createSchedule(spec: ScheduleSpec): Schedule {
  switch (spec.name) {
    case 'constant':
      return warmUp(spec.warmup, () => 1)
    case 'step':
      return warmUp(spec.warmup, (_after, _rest, step, total) => drops(spec, step, total))
    case 'cosine':
      return warmUp(spec.warmup, (after, rest) => cosine(1, 0, after / rest))
    case 'one-cycle':
      return oneCycle(spec.cutFraction)
    case 'slanted-triangular':
      return slantedTriangular(spec.cutFraction, spec.ratio)
  }
}

type Curve = (after: number, rest: number, step: number, total: number) => number

function warmUp(share: number, curve: Curve): Schedule {
  return (step, total) => {
    const warm = Math.round(share * total)
    if (step < warm) return (step + 1) / warm
    return curve(step - warm, Math.max(1, total - warm), step, total)
  }
}

/** torch's MultiStepLR with milestones at shares of the whole run, warm-up included. */
function drops(spec: ScheduleSpec, step: number, total: number): number {
  return spec.factor ** spec.at.filter((share) => step >= Math.round(share * total)).length
}

function cosine(from: number, to: number, progress: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, progress))))) / 2
}

/** torch's OneCycleLR with cosine annealing (Smith and Topin, arXiv 1708.07120). */
function oneCycle(cutFraction: number): Schedule {
  const first = 1 / ONE_CYCLE_DIV
  const last = first / ONE_CYCLE_FINAL_DIV
  return (step, total) => {
    const peak = cutFraction * total - 1
    if (step <= peak) return peak > 0 ? cosine(first, 1, step / peak) : 1
    return cosine(1, last, (step - peak) / Math.max(1, total - 1 - peak))
  }
}

/**
 * ULMFiT's slanted triangular rates (Howard and Ruder, arXiv 1801.06146, equation 3): from 1 / ratio up to 1 at
 * `cut`, down to 1 / ratio at `total`. Where `cutFraction * total` is no whole number the fall is stretched to end
 * there; the paper's own denominator would give negative rates.
 */
function slantedTriangular(cutFraction: number, ratio: number): Schedule {
  return (step, total) => {
    const cut = Math.min(Math.max(1, Math.floor(cutFraction * total)), total - 1)
    const share = step < cut ? step / cut : 1 - (step - cut) / Math.max(1, total - cut)
    return (1 + Math.min(1, Math.max(0, share)) * (ratio - 1)) / ratio
  }
}
