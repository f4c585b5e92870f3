import type { RunEventBody } from '../../events/types'
import type { NetworkGraph } from '../network/types'
import type { ActivePhase } from './plan'
import { STANDARDISE_LAYER } from './standardise'

type Alarm = Extract<RunEventBody, { kind: 'alarm' }>

/**
 * Holds what a phase declares against what the values did. `frozen-moved`: something declared frozen is no longer
 * bit-identical with its copy from the phase's start (a running statistic that drifts, momentum that leaks, a stray
 * assignment). `trained-still`: something declared training did not move although steps with a rate above 0 were taken.
 * Each layer alarms once a phase.
 */
export class FreezeTruth {
  private readonly told = new Set<string>()

  constructor(private readonly graph: NetworkGraph) {}

  /** A new phase, or a new declaration inside one. */
  restart(): void {
    this.told.clear()
  }

  /** @param moved largest change of each parameter and buffer since the phase's start, from `measureLayers` */
  frozenMoved(active: ActivePhase, moved: ReadonlyMap<string, number>, step: number): Alarm[] {
    return this.alarms(step, 'frozen-moved', (name) => {
      const info = this.graph.parameters.get(name)!
      const solves = info.layer === STANDARDISE_LAYER && active.planned.phase.solve?.standardise === 'layer'
      const mayMove =
        solves || active.movingNames.has(name) || (info.buffer && active.mode(info.layer) === 'train')
      const change = moved.get(name)
      if (mayMove || change === undefined || change === 0) return undefined
      return info.buffer
        ? `the running statistic ${name} moved by up to ${change.toPrecision(3)} although batch norm of this layer must not learn`
        : `${name} is declared frozen and moved by up to ${change.toPrecision(3)}`
    })
  }

  trainedStill(active: ActivePhase, moved: ReadonlyMap<string, number>, step: number): Alarm[] {
    const { mayRest } = active.planned.phase
    return this.alarms(step, 'trained-still', (name) =>
      active.trainedNames.has(name) && moved.get(name) === 0 && !mayRest?.(this.graph.parameters.get(name)!)
        ? `${name} is declared training and did not move in this phase`
        : undefined,
    )
  }

  private alarms(step: number, code: string, judge: (name: string) => string | undefined): Alarm[] {
    const alarms: Alarm[] = []
    for (const { name, layer } of this.graph.parameters.values()) {
      const message = this.told.has(`${code} ${layer}`) ? undefined : judge(name)
      if (message === undefined) continue
      this.told.add(`${code} ${layer}`)
      alarms.push({ kind: 'alarm', step, code, layer, message: `${layer}: ${message}` })
    }
    return alarms
  }
}
