import { inspect } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CheckpointStore,
  LayerReader,
  readStoredSpec,
  type LayerMeasure,
  type LayerWindow,
  type RunFolder,
  type RunView,
} from '../../events'
import { findRun, readView, sendControl } from '../../runner'
import { UserError, type ResolvedSpec } from '../../spec'
import type * as Cell from '../cellApi'
import { DISPLAY, toBeShown, type Displayed } from '../display'
import { Interrupted } from '../interrupted'
import type { KernelContext } from '../kernel/context'
import type { OutputItems } from '../protocol'
import { sessionItems } from '../show/session'
import { number, percent } from '../show/text'
import { curvesOf, freezeMapOf, layersOf } from './measures'
import type { RunHistory } from './record'
import { NotebookSession } from './session'
import type { WrittenSpec } from './specs'

/** Folder of runs below the notebook's. */
const RUNS = '.thaw/runs'

/** How often a wait looks. */
const LOOK_MS = 500

/** A run folder as what displays read. */
class FolderHistory implements RunHistory {
  private readonly reader: LayerReader
  private latest?: RunView

  constructor(readonly folder: RunFolder) {
    this.reader = new LayerReader(folder.layers)
  }

  async view(): Promise<RunView> {
    this.latest = await readView(this.folder)
    return this.latest
  }

  async window(measure: LayerMeasure, columns: number) {
    await this.reader.update(this.latest ?? (await this.view()))
    return this.reader.window({ measure, columns })
  }
}

/** `AttachedRun` of cellApi.ts. */
export class Attached implements Cell.AttachedRun, Displayed {
  private readonly history: FolderHistory
  private looking?: NotebookSession

  private constructor(
    private readonly context: KernelContext,
    private readonly folder: RunFolder,
    private known: RunView,
  ) {
    this.history = new FolderHistory(folder)
  }

  /** @throws UserError when there is no such run, or more than one */
  static async find(context: KernelContext, reference = 'last'): Promise<Attached> {
    const folder = findRun(reference, RUNS, context.base)
    const attached = new Attached(context, folder, await readView(folder))
    void attached.follow()
    return attached
  }

  get id(): string {
    return this.folder.id
  }

  get name(): string {
    return this.known.name || this.id
  }

  get state(): RunView['state'] {
    return this.known.state
  }

  get steps(): number {
    return this.known.step
  }

  get planned(): number {
    return this.known.steps
  }

  private get over(): boolean {
    return ['finished', 'stopped', 'failed'].includes(this.known.state)
  }

  /** Keeps the plain fields true while the run goes on. */
  private async follow(): Promise<void> {
    while (!this.over) {
      await sleep(LOOK_MS, undefined, { ref: false })
      this.known = await this.history.view()
    }
  }

  curves(): Promise<Cell.Curves> {
    return toBeShown(this.history.view().then(curvesOf))
  }

  freezeMap({ by = 'stage' }: { by?: 'stage' | 'block' | 'layer' } = {}): Promise<Cell.FreezeMap> {
    return toBeShown(freezeMapOf(this.history, by))
  }

  layers(): Promise<Cell.Layers> {
    const read = async () => {
      const view = await this.history.view()
      const measures = ['moved', 'distance'] as const
      const windows = new Map<LayerMeasure, LayerWindow>()
      for (const measure of measures) windows.set(measure, await this.history.window(measure, 400))
      const latest = (layer: number, measure: LayerMeasure) => {
        const { high, columns } = windows.get(measure)!
        const value = high[layer * columns + columns - 1]
        return Number.isNaN(value) ? undefined : value
      }
      const declared = view.declarations.at(-1)?.phase.declared
      return layersOf(view.layers, declared, latest, `${view.name}, step ${view.step} of ${view.steps}`)
    }
    return toBeShown(read())
  }

  predict(images?: Cell.Images | string | string[]): Promise<Cell.Predictions> {
    const look = async () => {
      const newest = this.store.latest()
      if (this.looking?.steps !== newest) {
        await this.looking?.close()
        this.looking = await this.at()
      }
      return this.looking!.predict(images)
    }
    return toBeShown(look())
  }

  private get store(): CheckpointStore {
    return new CheckpointStore(this.folder.path)
  }

  async at(step?: number): Promise<NotebookSession> {
    const { store } = this
    const wanted = step ?? store.latest()
    if (wanted === undefined)
      throw new UserError(`The run ${this.id} has no checkpoint yet; wait for it, or stop it.`)
    const { spec, base } = readStoredSpec<ResolvedSpec>(this.folder)
    const known = store.list().map((one) => one.step)
    if (!known.includes(wanted))
      throw new UserError(
        `at(${wanted}): the run ${this.id} has checkpoints of steps ${known.join(', ') || 'none'}; take one of them`,
      )
    const files = store.load(wanted)
    const session = new NotebookSession(this.context, {
      read: { spec, written: spec as WrittenSpec },
      base,
      name: this.name,
      beginning: {
        files: () => Promise.resolve({ step: wanted, files }),
        parent: { run: this.id, ancestors: [], changes: [] },
        from: { step: wanted, files },
      },
    })
    await session.ready
    return session
  }

  async pause(): Promise<void> {
    await sendControl(this.folder.path, { do: 'pause' }, 'notebook')
  }

  async resume(): Promise<void> {
    await sendControl(this.folder.path, { do: 'resume' }, 'notebook')
  }

  async stop(): Promise<void> {
    await sendControl(this.folder.path, { do: 'stop' }, 'notebook')
  }

  async freeze(...layers: string[]): Promise<void> {
    await sendControl(this.folder.path, { do: 'freeze', layers }, 'notebook')
  }

  async unfreeze(...layers: string[]): Promise<void> {
    await sendControl(this.folder.path, { do: 'unfreeze', layers }, 'notebook')
  }

  async finished(): Promise<void> {
    const id = this.context.newId()
    this.context.show(await this.items(), id)
    while (!this.over) {
      if (this.context.interrupted)
        throw new Interrupted(`Interrupted; the run ${this.id} goes on without this cell.`)
      await sleep(LOOK_MS)
      this.known = await this.history.view()
      this.context.update(id, await this.items(), this.over)
    }
    if (this.known.state === 'failed')
      throw new UserError(`The run ${this.id} failed: ${this.known.ended?.message ?? 'see its log'}`)
  }

  private async items(): Promise<OutputItems> {
    const view = await this.history.view()
    this.known = view
    const { started, ended, latest } = view
    return sessionItems({
      v: 1,
      name: this.name,
      facts: [
        { label: 'Run', value: this.id, more: view.state },
        { label: 'Step', value: String(view.step), more: `of ${view.steps}` },
        ...(started ? [{ label: 'Strategy', value: started.strategy.title }] : []),
        ...(latest ? [{ label: 'Loss', value: number(latest.loss), more: 'training batch' }] : []),
        ...(ended?.metrics
          ? [
              {
                label: 'Balanced accuracy',
                value: percent(ended.metrics.balancedAccuracy, 1),
                more: `${ended.split ?? ''}, ${percent(ended.metrics.low, 0)} to ${percent(ended.metrics.high, 0)}`,
              },
            ]
          : []),
      ],
    })
  }

  get [Symbol.toStringTag](): string {
    return 'Run'
  }

  /** In one line, for the console and lists of variables. */
  [inspect.custom](): string {
    return `Run (${`${this.id}, ${this.state}, step ${this.steps} of ${this.planned}`})`
  }

  [DISPLAY](): Promise<OutputItems> {
    return this.items()
  }
}
