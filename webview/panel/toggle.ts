import type { Host } from './host'
import type { PanelState } from './state'

/** Freezes a layer that trains now, thaws one that does not; nothing once the run is over. */
export function toggleLayer({ run, head }: PanelState, host: Host, layer: number): void {
  const info = run?.layers[layer]
  if (!info || (head?.state !== 'running' && head?.state !== 'paused')) return
  const trains = run!.phases[head.phase.current]?.declared[layer]?.training === true
  host.control({ do: trains ? 'freeze' : 'unfreeze', layers: [info.name] })
}
