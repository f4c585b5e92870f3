import * as vscode from 'vscode'
import {
  queued,
  reduceCell,
  type CellEffect,
  type CellEvent,
  type CellRun,
} from '../../notebook/cellRunReducer'
import type { FromRenderer, OutputItems, ToRenderer } from '../protocol'
import { outputItems } from './serializer'

const RENDERER = 'thaw-displays'

interface Newest {
  mime: string
  data: unknown
}

/** The line to the renderers: newer data of displays that grow, and what a renderer missed. */
export class LiveDisplays implements vscode.Disposable {
  private readonly messaging = vscode.notebooks.createRendererMessaging(RENDERER)
  private readonly newest = new Map<string, Newest>()
  private readonly subscription = this.messaging.onDidReceiveMessage(({ editor, message }) => {
    const { type, id } = message as FromRenderer
    const found = type === 'newest' ? this.newest.get(id) : undefined
    if (found) void this.messaging.postMessage(updateOf(id, found), editor)
  })

  update(id: string, items: OutputItems): void {
    const [mime, data] = Object.entries(items).find(([mime]) => mime.endsWith('json')) ?? []
    if (mime === undefined) return
    this.newest.set(id, { mime, data })
    void this.messaging.postMessage(updateOf(id, { mime, data }))
  }

  final(id: string): void {
    this.newest.delete(id)
  }

  dispose(): void {
    this.subscription.dispose()
  }
}

const updateOf = (id: string, { mime, data }: Newest): ToRenderer => ({ type: 'update', id, mime, data })

/** One run of one cell: the reducer decides, this touches the editor, one effect after the other. */
export class CellOutputs {
  private run: CellRun = queued
  private effects: Promise<void> = Promise.resolve()
  private readonly displays = new Map<string, vscode.NotebookCellOutput>()

  constructor(
    private readonly execution: vscode.NotebookCellExecution,
    private readonly live: LiveDisplays,
    private readonly log: (text: string) => void,
  ) {}

  get ended(): boolean {
    return this.run.state === 'ended'
  }

  /** Resolves when the editor shows it. */
  tell(event: CellEvent): Promise<void> {
    const { run, effects } = reduceCell(this.run, event)
    this.run = run
    for (const effect of effects)
      this.effects = this.effects
        .then(() => this.perform(effect))
        // a cell that was deleted meanwhile takes no output any more
        .catch((error: Error) => this.log(`an output could not be shown: ${error.message}`))
    return this.effects
  }

  private async perform(effect: CellEffect): Promise<void> {
    const { execution } = this
    switch (effect.do) {
      case 'start':
        execution.executionOrder = effect.order
        return execution.start(Date.now())
      case 'clear':
        return execution.clearOutput()
      case 'append': {
        const output = new vscode.NotebookCellOutput(outputItems(effect.items))
        if (effect.id !== undefined) this.displays.set(effect.id, output)
        return execution.appendOutput(output)
      }
      case 'update': {
        if (!effect.final) return this.live.update(effect.id, effect.items)
        this.live.final(effect.id)
        const output = this.displays.get(effect.id)
        return output && execution.replaceOutputItems(outputItems(effect.items), output)
      }
      case 'replace-text': {
        const last = execution.cell.outputs.at(-1)
        return last && execution.replaceOutputItems(outputItems({ 'text/plain': effect.text }), last)
      }
      case 'append-error': {
        const { name, message, stack } = effect
        return execution.appendOutput(
          new vscode.NotebookCellOutput([vscode.NotebookCellOutputItem.error({ name, message, stack })]),
        )
      }
      case 'ask-interrupt':
        return
      case 'end':
        return execution.end(effect.ok, Date.now())
    }
  }
}
