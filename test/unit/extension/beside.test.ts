import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openRunFolder } from '../../../src/events'
import { curvesBeside, viewBeside } from '../../../src/extension/panel/beside'
import { strategyOf } from '../../../src/extension/panel/strategy'
import { thumbnails } from '../../../src/extension/panel/thumbnails'
import { Recorder } from '../../fixtures/editor/recording'

const root = mkdtempSync(join(tmpdir(), 'thaw-beside-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const record = (id: string, folder = root) => new Recorder(join(folder), { id })

describe('a run beside the shown one', () => {
  it('is told with its curves, and read on from where it was when it goes on', async () => {
    const [shown, other] = [record('shown'), record('other')]
    other.take(12)
    const first = await curvesBeside(shown.folder.path, other.folder.path)
    expect(first.lines.loss!.steps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(first).toMatchObject({ name: 'drawings, gradual', seed: 1, steps: 240 })
    other.take(8)
    const second = await curvesBeside(shown.folder.path, other.folder.path)
    expect(second.lines.loss!.steps).toHaveLength(20)
    expect(second.evals.map(({ step }) => step)).toEqual([20])
    shown.close()
    other.close()
  })

  it('is refused when it lies elsewhere, and named when it is gone', async () => {
    const elsewhere = record('elsewhere', join(root, 'deeper'))
    await expect(viewBeside(join(root, 'shown'), elsewhere.folder.path)).rejects.toThrow(
      /does not lie beside/,
    )
    await expect(viewBeside(join(root, 'shown'), join(root, 'gone'))).rejects.toThrow(/no run in/)
    elsewhere.close()
  })
})

describe('small pictures', () => {
  it('come as addresses that hold them; what is missing is left out', async () => {
    const run = record('pictures')
    const { artifacts, path } = openRunFolder(run.folder.path)
    mkdirSync(join(artifacts, 'thumbnails-test'), { recursive: true })
    writeFileSync(join(artifacts, 'thumbnails-test', '3.jpg'), 'bytes')
    const numbers = { 'a.png': 3, 'b.png': 4, 'c.png': '../../spec' }
    writeFileSync(join(artifacts, 'thumbnails-test.json'), JSON.stringify({ v: 1, split: 'test', numbers }))
    expect(await thumbnails(path, 'test', ['a.png', 'b.png', 'c.png', '__proto__'])).toEqual({
      'a.png': `data:image/jpeg;base64,${Buffer.from('bytes').toString('base64')}`,
    })
    expect(await thumbnails(path, 'val', ['a.png'])).toEqual({})
    run.close()
  })
})

describe('the options of a strategy', () => {
  it('are told by path, with what the run file changed', () => {
    const told = strategyOf({
      name: 'l2-sp',
      title: 'L2-SP',
      options: { variant: 'l2-sp', alpha: 1, fisher: { images: 64 } },
    })
    expect(told.summary).toMatch(/pull of every backbone weight/)
    expect(told.options).toEqual([
      { name: 'variant', value: 'l2-sp', isDefault: true },
      { name: 'alpha', value: '1', isDefault: false },
      { name: 'fisher.images', value: '64', isDefault: true },
    ])
  })

  it('of a strategy of one’s own are told without defaults', () => {
    const own = strategyOf({ name: './mine.ts', title: 'Mine', options: { list: [1, 2] } })
    expect(own).toEqual({ name: './mine.ts', title: 'Mine', options: [{ name: 'list', value: '[1,2]' }] })
  })
})
