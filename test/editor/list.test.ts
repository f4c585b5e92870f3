import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { ended, readJson, tinyRun, until, workspace, write } from './support'

interface Api {
  runs(): readonly { id: string; name: string; state: string; folder: string; message?: string }[]
  look(): Promise<void>
}

const api = () => vscode.extensions.getExtension<Api>('thaw.thaw')!.exports

describe('the list of runs', () => {
  let finished: string

  before(async () => {
    finished = (await vscode.commands.executeCommand<string>(
      'thaw.run',
      write('list/list.thaw.json', tinyRun(2)),
    ))!
    await ended(finished)
    await until(
      'its process to let go',
      () => readJson<{ state: string }>(finished, 'status.json').state === 'finished',
    )
  })

  it('tells of each run how it stands, whatever lies in its folder', async () => {
    const root = join(finished, '..')
    const copy = (name: string) => {
      cpSync(finished, join(root, name), { recursive: true })
      const spec = readJson<{ runId: string; name: string }>(root, name, 'spec.json')
      writeFileSync(join(root, name, 'spec.json'), JSON.stringify({ ...spec, runId: name, name }))
      return join(root, name)
    }
    const torn = copy('torn')
    appendFileSync(join(torn, 'events.jsonl'), '{"v":1,"seq":99')
    const newer = copy('newer')
    const log = readFileSync(join(newer, 'events.jsonl'), 'utf8')
    writeFileSync(join(newer, 'events.jsonl'), log.replaceAll('"v":1,', '"v":99,'))
    const empty = copy('empty')
    writeFileSync(join(empty, 'events.jsonl'), '')
    rmSync(join(empty, 'status.json'))
    mkdirSync(join(root, 'no-run'))
    await api().look()
    const found = new Map(
      api()
        .runs()
        .map((one) => [one.id, one]),
    )
    assert.equal(found.get('torn')?.state, 'finished')
    assert.equal(found.get('newer')?.state, 'finished')
    assert.equal(found.get('empty')?.state, 'interrupted')
    assert.equal(found.has('no-run'), false)
    for (const folder of [torn, newer, empty]) {
      await vscode.commands.executeCommand('thaw.openRun', folder)
      await until('its panel', () =>
        vscode.window.tabGroups.all
          .flatMap(({ tabs }) => tabs)
          .some(({ input }) => input instanceof vscode.TabInputWebview),
      )
    }
  })

  it('lets go of a run whose folder is deleted', async () => {
    const root = join(finished, '..')
    for (const name of ['torn', 'newer', 'empty', 'no-run']) rmSync(join(root, name), { recursive: true })
    await api().look()
    assert.deepEqual(
      api()
        .runs()
        .filter(({ folder }) => folder.startsWith(root))
        .map(({ folder }) => folder),
      [finished],
    )
    // opening it says so, and makes no folder
    await vscode.commands.executeCommand('thaw.openRun', join(root, 'torn'))
    assert.deepEqual(
      readdirSync(root).filter((name) => !name.startsWith('.')),
      [readJson<{ runId: string }>(finished, 'spec.json').runId],
    )
  })

  it('shows a thousand runs, looked at again, within the time that a person does not notice', async () => {
    const root = join(workspace(), 'many', '.thaw', 'runs')
    const small = (path: string) => !/checkpoints|artifacts|layers/.test(path.slice(finished.length))
    for (let i = 0; i < 1000; i++)
      cpSync(finished, join(root, `run-${i}`), { recursive: true, filter: small })
    write('many/many.thaw.json', tinyRun(1))
    await vscode.workspace.openTextDocument(join(workspace(), 'many', 'many.thaw.json'))
    await api().look()
    assert.ok(api().runs().length >= 1000)
    const before = process.cpuUsage()
    await api().look()
    const { user } = process.cpuUsage(before)
    console.log(`thaw: 1,000 runs looked at again in ${(user / 1000).toFixed(0)} ms of processor time`)
    // 100 ms on quiet cores; a busy machine counts waits for memory as processor time
    assert.ok(user / 1000 < 400, `${user / 1000} ms`)
    rmSync(join(workspace(), 'many'), { recursive: true })
  })
})
