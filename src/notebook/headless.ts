import { KernelHost, type StartKernel } from './kernelHost'
import type { CellOutput, NotebookFile } from './document'
import { outputText } from './markdown'
import type { ExecuteResult, KernelOutput } from './protocol'

export interface HeadlessOptions {
  start: StartKernel
  /** Goes on after a cell that failed. */
  keepGoing?: boolean
  onCell?(index: number, text: string): void
  onOutput?(index: number, text: string): void
  onEnd?(index: number, result: ExecuteResult): void
}

export interface HeadlessResult {
  /** The notebook with its new outputs. */
  notebook: NotebookFile
  ran: number
  /** Cells that failed, counted from 1, with what they said. */
  failed: { cell: number; message: string }[]
  interrupted: boolean
}

/** Runs all code cells in order in a kernel of their own, as the editor would. */
export class Headless {
  private readonly host: KernelHost
  private readonly outputs = new Map<string, Outputs>()
  private ended?: (how: { result?: ExecuteResult; why?: string }) => void
  private stopped = false

  constructor(
    private readonly notebook: NotebookFile,
    private readonly options: HeadlessOptions,
  ) {
    this.host = new KernelHost(options.start, {
      onStatus: () => undefined,
      onOutput: (cell, output) => {
        const text = this.outputs.get(cell)?.add(output)
        if (text !== undefined) options.onOutput?.(Number(cell), text)
      },
      onCell: (_cell, news) => {
        if (news.type === 'ended') this.ended?.({ result: news.result })
        else if (news.type === 'lost') this.ended?.({ why: news.why })
        else if (news.type === 'dropped') this.ended?.({ why: 'Interrupted before it began.' })
      },
    })
  }

  /** Ends the running cell at a step border and runs no other. */
  interrupt(): void {
    this.stopped = true
    this.host.interrupt()
  }

  async run(): Promise<HeadlessResult> {
    const { notebook, options } = this
    const failed: HeadlessResult['failed'] = []
    let ran = 0
    try {
      for (const [index, { kind, language = 'typescript', text }] of notebook.cells.entries()) {
        if (kind !== 'code' || text.trim() === '' || this.stopped) continue
        options.onCell?.(index, text)
        ran++
        const why = await this.runCell(index, text, language)
        if (why === undefined) continue
        failed.push({ cell: index + 1, message: why })
        if (!options.keepGoing) break
      }
    } finally {
      await this.host.close()
    }
    const cells = notebook.cells.map((cell, index) => {
      const outputs = this.outputs.get(String(index))?.list()
      if (!outputs) return cell
      const { outputs: _old, ...rest } = cell
      return { ...rest, ...(outputs.length > 0 && { outputs }) }
    })
    return { notebook: { ...notebook, cells }, ran, failed, interrupted: this.stopped }
  }

  /** @returns why it failed */
  private async runCell(
    index: number,
    code: string,
    language: 'typescript' | 'json',
  ): Promise<string | undefined> {
    const key = String(index)
    const outputs = new Outputs()
    this.outputs.set(key, outputs)
    const over = new Promise<{ result?: ExecuteResult; why?: string }>((resolve) => (this.ended = resolve))
    this.host.run([{ cell: key, code, language, label: `cell ${index + 1}` }])
    const { result, why } = await over
    if (!result) {
      const failure = { type: 'failure', name: 'KernelEnded', message: why ?? '', stack: '' } as const
      const text = outputs.add(failure)
      if (text !== undefined) this.options.onOutput?.(index, text)
      return why
    }
    this.options.onEnd?.(index, result)
    return result.ok ? undefined : (outputs.failure ?? 'it failed')
  }
}

/** Outputs of one cell as the file keeps them. */
class Outputs {
  failure?: string
  private readonly all: (CellOutput & { id?: string; stream?: string })[] = []

  /** @returns words for a terminal; undefined for what is not final yet */
  add(output: KernelOutput): string | undefined {
    switch (output.type) {
      case 'text': {
        const mime = `application/vnd.code.notebook.${output.stream === 'out' ? 'stdout' : 'stderr'}`
        const last = this.all.at(-1)
        if (last?.stream === output.stream) last.items[mime] = String(last.items[mime]) + output.text
        else this.all.push({ items: { [mime]: output.text }, stream: output.stream })
        return output.text.replace(/\n$/, '')
      }
      case 'result':
        this.all.push({ items: output.items, id: output.id })
        return outputText(output.items)
      case 'update': {
        const known = this.all.find(({ id }) => id === output.id)
        if (known) known.items = output.items
        return output.final ? outputText(output.items) : undefined
      }
      case 'failure': {
        const { name, message, stack } = output
        this.failure = message
        this.all.push({ items: { 'application/vnd.code.notebook.error': { name, message, stack } } })
        return stack || `${name}: ${message}`
      }
    }
  }

  list(): CellOutput[] {
    return this.all.map(({ items }) => ({ items }))
  }
}
