import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** TypeScript's own server with our plugin, as VS Code starts it. */
class Server {
  private readonly child: ChildProcess
  private sequence = 0
  private readonly waiting = new Map<number, (body: unknown) => void>()

  constructor() {
    const tsserver = createRequire(import.meta.url).resolve('typescript/lib/tsserver.js')
    const root = resolve(import.meta.dirname, '../..')
    this.child = spawn(process.execPath, [
      ...[tsserver, '--useInferredProjectPerProjectRoot', '--disableAutomaticTypingAcquisition'],
      ...['--globalPlugins', 'thaw-notebook-cells', '--pluginProbeLocations', root],
    ])
    let text = ''
    this.child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      for (let head; (head = /Content-Length: (\d+)\r?\n\r?\n/.exec(text));) {
        const start = head.index + head[0].length
        const end = start + Number(head[1])
        if (text.length < end) return
        const message = JSON.parse(text.slice(start, end)) as { request_seq?: number; body?: unknown }
        text = text.slice(end)
        if (message.request_seq !== undefined) this.waiting.get(message.request_seq)?.(message.body)
      }
    })
  }

  tell(command: string, args: unknown): number {
    const seq = ++this.sequence
    this.child.stdin!.write(`${JSON.stringify({ seq, type: 'request', command, arguments: args })}\n`)
    return seq
  }

  ask<T>(command: string, args: unknown): Promise<T> {
    return new Promise((answer) =>
      this.waiting.set(this.tell(command, args), answer as (body: unknown) => void),
    )
  }

  end(): void {
    this.child.kill()
  }
}

describe('cells of a notebook in the TypeScript server', () => {
  let folder: string
  let server: Server
  const cells = [
    "const session = tune('efficientnet-lite0', 'noto-drawings')\nlet count = 1",
    'session.\ncount = 2\nconst wrong: string = session.steps',
    "import { helper } from './helper'\nimport { join } from 'node:path'\nconst session = helper(1)\nawait 1",
    'session.toFixed\nif (true) {\n  co',
  ]
  const key = (i: number) => `${folder}/first.thawnb#W${i}`
  const file = (i: number) => `^/vscode-notebook-cell/ts-nul-authority${key(i)}`

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'thaw-cells-'))
    writeFileSync(join(folder, 'helper.ts'), 'export const helper = (x: number): number => x\n')
    server = new Server()
    server.tell('compilerOptionsForInferredProjects', {
      options: { module: 'ESNext', target: 'ES2022', strictNullChecks: true, allowNonTsExtensions: true },
    })
    cells.forEach((fileContent, i) =>
      server.tell('open', { file: file(i), fileContent, scriptKindName: 'TS', projectRootPath: folder }),
    )
    server.tell('configurePlugin', {
      pluginName: 'thaw-notebook-cells',
      configuration: { notebooks: [cells.map((_, i) => key(i))] },
    })
  })
  afterAll(() => {
    server.end()
    rmSync(folder, { recursive: true, force: true })
  })

  const completions = async (i: number, line: number, offset: number) =>
    (
      await server.ask<{ entries: { name: string; kind: string }[] }>('completionInfo', {
        ...{ file: file(i), line, offset },
      })
    ).entries

  it('complete what a cell above made, with its type and documentation', async () => {
    const found = await completions(1, 1, 9)
    expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining(['step', 'fork', 'freezeMap']))
    const [step] = await server.ask<
      { displayParts: { text: string }[]; documentation: { text: string }[] }[]
    >('completionEntryDetails', { file: file(1), line: 1, offset: 9, entryNames: ['step'] })
    expect(step!.displayParts.map(({ text }) => text).join('')).toContain('step(count?: number): Promise<')
    expect(step!.documentation.map(({ text }) => text).join('')).toMatch(/training steps/)
  })

  it('complete inside of brackets that are not closed yet', async () => {
    const found = await completions(3, 3, 5)
    expect(found).toContainEqual(expect.objectContaining({ name: 'count', kind: 'let' }))
    expect(found).toContainEqual(expect.objectContaining({ name: 'compare', kind: 'function' }))
  })

  it('show what a name of the cell API is, as if it stood there', async () => {
    const hover = await server.ask<{ displayString: string; documentation: string }>('quickinfo', {
      ...{ file: file(0), line: 1, offset: 18 },
    })
    expect(hover.displayString).toMatch(/^tune\(model: /)
    expect(hover.displayString).not.toMatch(/alias|import/)
    expect(hover.documentation).toMatch(/^Begins a session/)
  })

  it('go to the declaration in the cell above, and rename it everywhere', async () => {
    const { definitions } = await server.ask<{ definitions: { file: string; start: object }[] }>(
      'definitionAndBoundSpan',
      { file: file(1), line: 3, offset: 28 },
    )
    expect(definitions).toMatchObject([{ file: file(0), start: { line: 1, offset: 7 } }])
    const { locs } = await server.ask<{ locs: { file: string; locs: { start: object }[] }[] }>('rename', {
      ...{ file: file(0), line: 1, offset: 8 },
    })
    expect(locs.map(({ file, locs }) => [file, locs.map(({ start }) => start)])).toEqual([
      [file(0), [{ line: 1, offset: 7 }]],
      [
        file(1),
        [
          { line: 1, offset: 1 },
          { line: 3, offset: 23 },
        ],
      ],
    ])
  })

  const errors = async (i: number) =>
    (
      await server.ask<{ code: number; start: { line: number } }[]>('syntacticDiagnosticsSync', {
        file: file(i),
      })
    ).map(({ code, start }) => [start.line, code])

  it('tell errors of types with those of syntax, and none that a cell does not have', async () => {
    expect(await errors(0)).toEqual([])
    // an unfinished member is nothing that may be assigned to; the assignment to a name from above is none
    expect(await errors(1)).toContainEqual([3, 2322])
    // a name may be declared again; files beside the notebook and Node's modules are there
    expect(await errors(2)).toEqual([])
    expect(await errors(3)).toContainEqual([3, 1005])
  })

  it('follow an edit of a cell above and a new order', async () => {
    server.tell('change', {
      file: file(0),
      line: 2,
      offset: 5,
      endLine: 2,
      endOffset: 10,
      insertString: 'total',
    })
    const names = async () => (await completions(3, 3, 5)).map(({ name }) => name)
    expect(await names()).toContain('total')
    server.tell('configurePlugin', {
      pluginName: 'thaw-notebook-cells',
      configuration: { notebooks: [[3, 0, 1, 2].map(key)] },
    })
    expect(await names()).not.toContain('total')
  })
})
