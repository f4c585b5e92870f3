import { openRunFolder, readStatus, readStoredSpec } from '../events'
import type { RunFeed } from './panel/feed'
import { head } from './panel/project'
import type { PanelHead } from './protocol'

/** What a status bar or a notice has room for of a run. */
export interface Glance extends Pick<
  PanelHead,
  'state' | 'step' | 'steps' | 'accuracy' | 'leftMs' | 'message' | 'progress'
> {
  name: string
  attempt: number
  /** The trainer is gone without having said so. */
  interrupted: boolean
}

/** A run as it stands. */
export function glanceAt(feed: RunFeed): Glance {
  const view = feed.current
  const { state, step, steps, accuracy, leftMs, message, progress } = head(view, Date.now())
  const interrupted = state === 'failed' && !view.ended
  return {
    name: view.name || nameOf(feed.path),
    attempt: view.attempt,
    // before its first event a run is known by its status alone
    state: view.started ? state : (readStatus(feed.path)?.state ?? 'queued'),
    step,
    steps,
    interrupted,
    ...(accuracy && { accuracy }),
    ...(leftMs !== undefined && { leftMs }),
    ...(progress && { progress }),
    ...(interrupted
      ? { message: `Its trainer ended without a word at step ${step}.` }
      : message && { message }),
  }
}

function nameOf(folder: string): string {
  try {
    return readStoredSpec(openRunFolder(folder)).name
  } catch {
    return folder
  }
}
