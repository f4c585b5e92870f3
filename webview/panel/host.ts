import type { Answer, Command, Question, ToHost, ToPanel, Way } from '../../src/extension/protocol'

/** What survives a window reload; the run's own data does not need to. */
export interface Remembered {
  folder: string
  /** The open section. */
  section?: string
  measure?: string
  folds?: Record<string, boolean>
  table?: boolean
  /** Whatever else a section wants back, by its own name. */
  sections?: Record<string, unknown>
}

interface EditorApi {
  postMessage(message: ToHost): void
  getState(): Remembered | undefined
  setState(state: Remembered): void
}
declare function acquireVsCodeApi(): EditorApi

type AnswerTo<Q extends Question> = Extract<Answer, { type: Q['type'] }>

/** The panel's line to the extension host. */
export class Host {
  private readonly api = acquireVsCodeApi()
  private request = 0
  private readonly waiting = new Map<number, { take(answer: Answer): void }>()

  remembered(): Remembered {
    return this.api.getState() ?? { folder: document.body.dataset.run ?? '' }
  }

  remember(change: Partial<Remembered>): void {
    this.api.setState({ ...this.remembered(), ...change })
  }

  /** Messages that were not asked for. */
  listen(take: (message: Exclude<ToPanel, Answer>) => void): void {
    addEventListener('message', ({ data }: MessageEvent<ToPanel>) => {
      if (data.v !== 1) return
      if (!('request' in data)) return take(data)
      this.waiting.get(data.request)?.take(data)
      this.waiting.delete(data.request)
    })
  }

  /** @throws Error with the host's sentence when it refuses */
  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    const request = ++this.request
    const answered = new Promise<AnswerTo<Q>>((resolve, reject) => {
      const take = (answer: Answer) =>
        answer.type === 'refused' ? reject(new Error(answer.message)) : resolve(answer as AnswerTo<Q>)
      this.waiting.set(request, { take })
    })
    this.api.postMessage({ v: 1, request, ...question })
    return answered
  }

  catchUp(cursor?: Extract<ToHost, { type: 'catch-up' }>['cursor']): void {
    this.api.postMessage({ v: 1, type: 'catch-up', ...(cursor && { cursor }) })
  }

  control(command: Command): void {
    this.api.postMessage({ v: 1, type: 'control', command })
  }

  save(name: string, format: 'svg' | 'png' | 'csv', content: string): void {
    this.api.postMessage({ v: 1, type: 'save', name, format, content })
  }

  go(way: Way): void {
    this.api.postMessage({ v: 1, type: 'way', way })
  }

  openImage(image: string): void {
    this.api.postMessage({ v: 1, type: 'open', image })
  }
}
