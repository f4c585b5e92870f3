import { expect, test } from 'vitest'
import type { CellOutput } from '../../../src/notebook/document'
import { DISPLAY_MIME, type CurvesDisplay, type FreezeMapDisplay } from '../../../src/notebook/displays'
import { toMarkdown } from '../../../src/notebook/markdown'
import { chartOf } from '../../../src/notebook/show/charts'
import { toSvg } from '../../../src/study/report/svg'

const map = (moved: boolean): FreezeMapDisplay => ({
  v: 1,
  title: 'mine',
  by: 'stage',
  steps: [1, 2, 3],
  rows: [
    {
      name: 'stem',
      stage: 'stem',
      update: [0.1, 0, 0],
      training: [true, false, false],
      moved: [true, moved, moved],
    },
    {
      name: 'head',
      stage: 'head',
      update: [0.2, 0.1, 0.01],
      training: [true, true, true],
      moved: [true, true, true],
    },
  ],
  marks: [{ step: 1, text: 'freeze stem' }],
})

const drawn = (display: FreezeMapDisplay) => toSvg(chartOf({ [DISPLAY_MIME.freezeMap]: display })!.spec)

test('a freeze map is drawn with what was done, and red only where something moved that was frozen', async () => {
  const still = await drawn(map(false))
  for (const words of ['Freeze map of mine', 'stem', 'head', 'freeze stem', '>frozen<'])
    expect(still).toContain(words)
  expect(still).not.toContain('#c62828')
  const alarming = await drawn(map(true))
  expect(alarming).toContain('#c62828')
  expect(alarming).toContain('>frozen, yet moved<')
})

test('steps of a parent are not drawn again', () => {
  type Layer = { mark: { type: string }; data: { values: unknown[] } }
  const cells = (display: FreezeMapDisplay) => {
    const { spec } = chartOf({ [DISPLAY_MIME.freezeMap]: display })!
    const [part] = (spec as unknown as { vconcat: { layer: Layer[] }[] }).vconcat
    return part!.layer.flatMap(({ mark, data }) => (mark?.type === 'rect' ? data.values : [])).length
  }
  expect(cells(map(false))).toBe(6)
  expect(cells({ ...map(false), shared: { until: 2, with: 'parent' } })).toBe(2)
})

test('curves are drawn, with values that are missing, one step, or intervals', async () => {
  const line = { name: 'loss', steps: [1, 2, 3], values: [1, null, 0.01] }
  const evaluated = { name: 'val', steps: [3], values: [0.5], low: [0.4], high: [0.6], dots: true }
  const display: CurvesDisplay = {
    v: 1,
    title: 'mine',
    panels: [
      { title: 'Loss', scale: 'log', lines: [line] },
      { title: 'Balanced accuracy', more: '95 % interval', scale: 'linear', lines: [evaluated] },
    ],
    marks: [],
  }
  const svg = await toSvg(chartOf({ [DISPLAY_MIME.curves]: display })!.spec)
  for (const words of ['Curves of mine', 'Loss', 'Balanced accuracy (95 % interval)'])
    expect(svg).toContain(words)
  expect(svg).not.toMatch(/NaN|Infinity/)
})

test('what has no picture has none: tables, text, maps and curves without a step', () => {
  expect(chartOf({ [DISPLAY_MIME.table]: { v: 1, columns: [], rows: [] } })).toBeUndefined()
  expect(chartOf({ 'text/plain': 'a' })).toBeUndefined()
  expect(chartOf({ [DISPLAY_MIME.freezeMap]: { ...map(false), steps: [], rows: [] } })).toBeUndefined()
  expect(chartOf({ [DISPLAY_MIME.curves]: { v: 1, title: '', panels: [], marks: [] } })).toBeUndefined()
})

test('Markdown shows the picture, with the words folded under it', () => {
  const output: CellOutput = { items: { 'text/plain': 'in words' } }
  const notebook = { v: 1 as const, cells: [{ kind: 'code' as const, text: 'x', outputs: [output] }] }
  expect(toMarkdown(notebook)).toBe('```ts\nx\n```\n\n```text\nin words\n```\n')
  const pictures = new Map([[output, { title: 'a [map]', file: 'my notes.files/cell-1.png' }]])
  expect(toMarkdown(notebook, pictures)).toBe(
    '```ts\nx\n```\n\n![a \\[map\\]](<my notes.files/cell-1.png>)\n\n<details><summary>In words</summary>\n\n```text\nin words\n```\n\n</details>\n',
  )
})
