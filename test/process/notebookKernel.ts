import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '../../src/engine/strategies/catalog'
import { CheckpointStore, openRunFolder, runsFolder } from '../../src/events'
import { KernelHost } from '../../src/notebook/kernelHost'
import type { CellNews } from '../../src/notebook/kernelMachine'
import { startKernel } from '../../src/notebook/kernelProcess'
import type { CellLanguage, ExecuteResult, KernelOutput, KernelStatus } from '../../src/notebook/protocol'
import { startRun } from '../../src/runner'
import { parseRunFile } from '../../src/spec'
import { finished } from './runs'

export interface Ran {
  news: CellNews
  /** Of a cell that ended by itself. */
  result?: ExecuteResult
  outputs: KernelOutput[]
  /** Words of all outputs. */
  text: string
}

/** A kernel process with its queue, as front ends have it. */
export class TestKernel {
  readonly host: KernelHost
  readonly statuses: KernelStatus[] = []
  private readonly outputs = new Map<string, KernelOutput[]>()
  private readonly waiting = new Map<string, (news: CellNews) => void>()
  private count = 0

  constructor(base: string) {
    this.host = new KernelHost(startKernel({ base, name: 'test.thawnb', log: () => undefined }), {
      onStatus: (status) => this.statuses.push(status),
      onOutput: (cell, output) => this.outputs.get(cell)?.push(output),
      onCell: (cell, news) => {
        if (news.type !== 'queued' && news.type !== 'started') this.waiting.get(cell)?.(news)
      },
    })
  }

  /** Runs a cell and gives how it ended. */
  async run(code: string, language: CellLanguage = 'typescript'): Promise<Ran> {
    const cell = `c${++this.count}`
    const outputs: KernelOutput[] = []
    this.outputs.set(cell, outputs)
    const over = new Promise<CellNews>((resolve) => this.waiting.set(cell, resolve))
    this.host.run([{ cell, code, language, label: `cell ${this.count}` }])
    const news = await over
    return { news, outputs, text: wordsOf(outputs), ...(news.type === 'ended' && { result: news.result }) }
  }

  /** As `run`, and the cell must end well. */
  async ok(code: string, language: CellLanguage = 'typescript'): Promise<Ran> {
    const ran = await this.run(code, language)
    if (!ran.result?.ok) throw new Error(`the cell failed: ${ran.text} ${JSON.stringify(ran.news)}`)
    return ran
  }

  close(): Promise<void> {
    return this.host.close()
  }
}

function wordsOf(outputs: readonly KernelOutput[]): string {
  return outputs
    .map((output) => {
      if (output.type === 'text') return output.text
      if (output.type === 'failure') return `${output.name}: ${output.message}\n${output.stack}`
      return String(output.items['text/plain'] ?? '')
    })
    .join('\n')
}

/** Weights of a run of this file, as the command line makes them. */
export async function weightsOfFile(base: string, file: string): Promise<Buffer> {
  const text = readFileSync(join(base, file), 'utf8')
  const { spec, problems } = parseRunFile(text, { file, strategies: catalog })
  if (!spec) throw new Error(problems.map(({ message }) => message).join('\n'))
  const { folder } = await startRun({ spec, base, root: runsFolder(base) })
  await finished(folder)
  return weightsIn(folder)
}

/** Weights of a run's newest checkpoint. */
export function weightsIn(folder: string): Buffer {
  const store = new CheckpointStore(openRunFolder(folder).path)
  return Buffer.from(store.load(store.latest()!).get('weights.safetensors')!)
}
