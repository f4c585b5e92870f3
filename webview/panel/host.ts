import type { LayerMeasure } from '../../src/events/types'
import type { Command, ToHost, ToPanel } from '../../src/extension/protocol'

/** What survives a window reload; the run's own data does not need to. */
export interface Remembered {
  folder: string
  measure?: string
  folds?: Record<string, boolean>
  table?: boolean
}

interface EditorApi {
  postMessage(message: ToHost): void
  getState(): Remembered | undefined
  setState(state: Remembered): void
}
declare function acquireVsCodeApi(): EditorApi

/** The panel's line to the extension host. */
export class Host {
  private readonly api = acquireVsCodeApi()
  private request = 0

  remembered(): Remembered {
    return this.api.getState() ?? { folder: document.body.dataset.run ?? '' }
  }

  remember(change: Partial<Remembered>): void {
    this.api.setState({ ...this.remembered(), ...change })
  }

  listen(take: (message: ToPanel) => void): void {
    addEventListener('message', (event: MessageEvent<ToPanel>) => {
      // windows are answered out of order when the view changes fast
      if (event.data.type === 'window' && event.data.request !== this.request) return
      if (event.data.v === 1) take(event.data)
    })
  }

  catchUp(cursor?: Extract<ToHost, { type: 'catch-up' }>['cursor']): void {
    this.api.postMessage({ v: 1, type: 'catch-up', ...(cursor && { cursor }) })
  }

  window(measures: LayerMeasure[], from: number, to: number, columns: number): void {
    this.api.postMessage({ v: 1, type: 'window', request: ++this.request, measures, from, to, columns })
  }

  control(command: Command): void {
    this.api.postMessage({ v: 1, type: 'control', command })
  }
}
