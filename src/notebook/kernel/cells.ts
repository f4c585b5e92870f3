import { setTimeout as sleep } from 'node:timers/promises'
import vm from 'node:vm'
import { isToBeShown, isDisplayed } from '../display'
import { Interrupted } from '../interrupted'
import type { ExecuteParams, ExecuteResult, KernelOutput, OutputItems } from '../protocol'
import { compileCell, KERNEL_GLOBAL } from '../transform'
import type { Interrupts } from './interrupts'
import type { Modules } from './modules'
import { Places } from './places'
import { currentCell, type ConsoleStream } from './stream'
import { itemsOf, limited } from './values'

/** Code that waits for something of its own has so long to notice an interrupt; then its cell ends without it. */
const GRACE_MS = 1000

/** What a running cell gathers beside its outputs. */
export interface RunningCell {
  /** Counts runs of cells. */
  number: number
  cell: string
  label: string
  printed: number
  dropped: number
  steps: number
  stepMs: number
  notes: string[]
  waits: Promise<unknown>[]
}

/** Runs cells one at a time in this process's global scope. */
export class CellRunner {
  readonly places = new Places()
  /** Which cell declared a name last. */
  readonly declaredBy = new Map<string, string>()
  running?: RunningCell
  /** That ran last, or runs. */
  last?: RunningCell
  private count = 0

  constructor(
    private readonly interrupts: Interrupts,
    private readonly stream: ConsoleStream,
    modules: Modules,
    private readonly runJson: (text: string) => Promise<unknown>,
    private readonly tell: (cell: string, output: KernelOutput) => void,
  ) {
    const scope = globalThis as unknown as Record<string, unknown>
    scope[KERNEL_GLOBAL] = {
      import: (name: string) => modules.import(name),
      show: (value: unknown) => this.offer(value),
    }
  }

  async execute({ cell, code, language, label = 'this cell' }: ExecuteParams): Promise<ExecuteResult> {
    const began = performance.now()
    const store: RunningCell = {
      number: ++this.count,
      cell,
      label,
      printed: 0,
      dropped: 0,
      steps: 0,
      stepMs: 0,
      notes: [],
      waits: [],
    }
    this.running = store
    this.last = store
    currentCell.store = store
    let over: () => void = () => undefined
    const ended = new Promise<never>((_resolve, reject) => {
      over = this.interrupts.begin(() => void this.giveUp(reject))
    })
    ended.catch(() => undefined)
    try {
      const work = language === 'json' ? this.runJson(code) : this.runCode(code, { cell, label })
      const value = await Promise.race([work, ended])
      await Promise.race([Promise.all(store.waits), ended])
      if (value !== undefined) this.showIn(cell, await Promise.race([itemsOf(value), ended]))
      return this.result(true, began, store)
    } catch (error) {
      this.stream.flush()
      // what failed may have left others waiting; the first failure is the cell's
      for (const wait of store.waits) wait.catch(() => undefined)
      this.tell(cell, this.places.failure(error, { cell, label }))
      const interrupted = error instanceof Interrupted
      return { ...this.result(false, began, store), ...(interrupted && { interrupted }) }
    } finally {
      over()
      this.stream.close(store)
      this.running = undefined
    }
  }

  /** Ends the cell's wait when its code does not come back. Engine work comes back at its next border. */
  private async giveUp(reject: (error: Error) => void): Promise<void> {
    const { running } = this
    await sleep(GRACE_MS)
    if (this.running === running && !this.interrupts.isWorking)
      reject(
        new Interrupted(
          'Interrupted. If code of the cell goes on behind it (a timer, a request), restart the kernel.',
        ),
      )
  }

  private async runCode(code: string, known: { cell: string; label: string }): Promise<unknown> {
    const compiled = compileCell(code)
    const filename = this.places.add({ ...known, compiled })
    const script = new vm.Script(compiled.code, {
      filename,
      importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    for (const name of compiled.names) this.declaredBy.set(name, known.cell)
    // code before the first await would otherwise stand between an interrupt and this function
    await null
    const result = (await script.runInThisContext()) as { value: unknown } | undefined
    return result?.value
  }

  private result(ok: boolean, began: number, { steps, stepMs, notes }: RunningCell): ExecuteResult {
    const said =
      steps > 0
        ? [
            `${steps} ${steps === 1 ? 'step' : 'steps'}, ${(stepMs / steps / 1000).toFixed(2)} s a step`,
            ...notes,
          ]
        : notes
    return {
      ok,
      ms: performance.now() - began,
      steps,
      ...(said.length > 0 && { note: said.join(', ') }),
    }
  }

  /** An expression that stands before the last: shown when it is made to be shown. */
  private async offer(value: unknown): Promise<void> {
    const settled = isToBeShown(value) ? await value : value
    const cell = currentCell.store?.cell
    // nothing is given back: a promise that the code leaves alone is not waited for
    if (cell !== undefined && isDisplayed(settled)) this.showIn(cell, await itemsOf(settled))
  }

  /** Puts an output under a cell, behind what was printed before. */
  showIn(cell: string, items: OutputItems, id?: string): void {
    if (Object.keys(items).length === 0) return
    this.stream.flush()
    this.tell(cell, { type: 'result', items: limited(items), ...(id !== undefined && { id }) })
  }

  update(cell: string, id: string, items: OutputItems, final: boolean): void {
    this.tell(cell, { type: 'update', id, items: final ? limited(items) : items, final })
  }
}
