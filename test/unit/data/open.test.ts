import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openDataset } from '../../../src/engine/data'
import { byCodePoint } from '../../../src/engine/data/scan'
import { dataSchema } from '../../../src/spec/schema'
import { UserError } from '../../../src/spec/types'
import { openFolder, temporaryFolder, writeFolder } from './folder'

/** Opening looks at names only, so the files can hold anything. */
const folderOf = (paths: string[]) => writeFolder(Object.fromEntries(paths.map((path) => [path, path])))
const numbered = (under: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${under}/${String(i).padStart(2, '0')}.png`)

describe('a folder per class', () => {
  test('is split by the shares, stratified, train first, then in the order of ImageFolder', async () => {
    const folder = folderOf([...numbered('b', 20), ...numbered('a', 10)])
    const dataset = await openFolder(folder, { split: { val: 0.1, test: 0.3 } })
    expect(dataset.classes).toEqual(['a', 'b'])
    expect(dataset.counts).toEqual({ train: 18, val: 3, test: 9 })
    const count = (label: number, split: string) =>
      dataset.items.filter((item) => item.label === label && item.split === split).length
    expect([count(0, 'train'), count(0, 'val'), count(0, 'test')]).toEqual([6, 1, 3])
    expect([count(1, 'train'), count(1, 'val'), count(1, 'test')]).toEqual([12, 2, 6])
    for (const split of ['train', 'val', 'test']) {
      const paths = dataset.items.filter((item) => item.split === split).map(({ path }) => path)
      expect(paths).toEqual([...paths].sort())
    }
    expect(dataset.items.map(({ split }) => split).join()).toMatch(/^(train,?)+(val,?)+(test,?)+$/)
  })

  test('takes images of folders below a class folder too', async () => {
    const dataset = await openFolder(folderOf(['a/x/1.png', 'a/2.jpg', 'b/1.webp', 'b/y/z/2.svg']), {
      split: { test: 0 },
    })
    expect(dataset.items.map(({ path, label }) => [path, label])).toEqual([
      ['a/2.jpg', 0],
      ['a/x/1.png', 0],
      ['b/1.webp', 1],
      ['b/y/z/2.svg', 1],
    ])
  })

  test('may have classes that are called train or test', async () => {
    const dataset = await openFolder(
      folderOf([...numbered('bus', 3), ...numbered('train', 3), ...numbered('tram', 3)]),
    )
    expect(dataset.classes).toEqual(['bus', 'train', 'tram'])
  })

  test('that comes in two Unicode forms is one class', async () => {
    const folder = folderOf(['caf\u00e9/1.png', 'cafe\u0301/2.png', 'bar/1.png'])
    const dataset = await openFolder(folder, { split: { test: 0 } })
    expect(dataset.classes).toEqual(['bar', 'caf\u00e9'])
    expect(dataset.items).toHaveLength(3)
  })
})

describe('folders for splits', () => {
  test('are taken as they are', async () => {
    const paths = [
      ...numbered('train/a', 4),
      ...numbered('train/b', 4),
      ...numbered('val/a', 2),
      ...numbered('val/b', 2),
      ...numbered('test/a', 1),
      ...numbered('test/b', 3),
    ]
    const dataset = await openFolder(folderOf(paths), { split: { val: 0.5, test: 0.4 } })
    expect(dataset.counts).toEqual({ train: 8, val: 4, test: 4 })
    for (const { path, split, label } of dataset.items)
      expect(path.startsWith(`${split}/${'ab'[label]}/`)).toBe(true)
  })

  test('that are missing are cut from train', async () => {
    const paths = [
      ...numbered('Training/a', 10),
      ...numbered('Training/b', 10),
      ...numbered('valid/a', 2),
      ...numbered('valid/b', 2),
    ]
    const dataset = await openFolder(folderOf(paths), { split: { val: 0.3, test: 0.2 } })
    expect(dataset.counts).toEqual({ train: 16, val: 4, test: 4 })
    expect(
      dataset.items.filter(({ split }) => split === 'val').every(({ path }) => path.startsWith('valid/')),
    ).toBe(true)
    expect(
      dataset.items.filter(({ split }) => split === 'test').every(({ path }) => path.startsWith('Training/')),
    ).toBe(true)
  })

  test('with other classes than train have say so', async () => {
    const paths = [
      ...numbered('train/a', 5),
      ...numbered('train/b', 5),
      ...numbered('test/a', 2),
      ...numbered('test/c', 2),
    ]
    const dataset = await openFolder(folderOf(paths))
    expect(dataset.classes).toEqual(['a', 'b'])
    expect(dataset.counts.test).toBe(2)
    expect(dataset.findings.map(({ severity, code, message }) => [severity, code, message])).toEqual([
      [
        'error',
        'unknown-class',
        '1 class has images in val or test and none in train: "c". Add training images, or remove the folder.',
      ],
      ['warning', 'missing-class', 'test/ has no image of "b", so nothing is known about it.'],
    ])
  })
})

describe('shots and fraction', () => {
  test('leave out training images only, the same ones each time', async () => {
    const folder = folderOf([...numbered('a', 30), ...numbered('b', 20)])
    const all = await openFolder(folder)
    const few = await openFolder(folder, { shots: 5 })
    expect(few.counts).toEqual({ train: 10, val: 0, test: all.counts.test })
    expect(few.items.filter(({ split }) => split === 'test')).toEqual(
      all.items.filter(({ split }) => split === 'test'),
    )
    expect(all.items).toEqual(expect.arrayContaining([...few.items]))
    expect((await openFolder(folder, { shots: 5 })).items).toEqual(few.items)
    expect((await openFolder(folder, { fraction: 0.5 })).counts.train).toBe(20)
    expect((await openFolder(folder, { shots: 5, split: { seed: 9 } })).items).not.toEqual(few.items)
  })
})

describe('what cannot be opened is said in one sentence with what to do', () => {
  const rejects = async (source: string, spec: Parameters<typeof openFolder>[1], message: RegExp) => {
    const error = await openFolder(source, spec).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) as string })
  }

  test.each([
    [
      'no such folder',
      () => join(temporaryFolder(), 'nowhere'),
      /^data\.source: there is no folder .+nowhere; write the path of a folder/,
    ],
    [
      'a file',
      () => join(folderOf(['a.png']), 'a.png'),
      /is not a folder; write the folder that holds one folder per class/,
    ],
    [
      'an empty folder',
      () => temporaryFolder(),
      /there are no images in .+; put the images into one folder per class/,
    ],
    ['no image among the files', () => folderOf(['a/1.txt', 'b/2.csv']), /there are no images in/],
    [
      'images without class folders',
      () => folderOf(['1.png', '2.png']),
      /holds images but no folder per class/,
    ],
  ] as const)('%s', async (_, make, message) => rejects(make(), {}, message))

  test('an unknown packaged set, a bad colour, shares that leave nothing', async () => {
    await rejects(
      'thaw:flowers',
      {},
      /no packaged set is called "flowers"; write "thaw:noto-drawings", or a folder/,
    )
    await rejects('thaw:__proto__', {}, /no packaged set/)
    await rejects(
      folderOf(['a/1.png']),
      { background: 'mauve' },
      /^data\.background: "mauve" is not a colour; write "white", "black" or "#rrggbb"$/,
    )
    await rejects(folderOf(['a/1.png']), { split: { val: 0.5, test: 0.5 } }, /leave nothing to train on/)
  })

  test('relative paths start from the base, packaged ones from media', async () => {
    const base = folderOf(['set/a/1.png', 'set/b/1.png'])
    const dataset = await openDataset(dataSchema.parse({ source: 'set' }), { base, media: '/nowhere' })
    expect(dataset.items).toHaveLength(2)
    mkdirSync(join(base, 'packaged'))
    await expect(openDataset(dataSchema.parse({}), { base, media: base })).rejects.toThrow(
      'there is no folder',
    )
  })
})

test('paths sort by code point, as Python sorts them', () => {
  const sorted = ['', 'A', 'a', 'a/b', 'aa', '\u00e9', '\ufb01', '\u{1F408}', '\u{1F408}x']
  expect([...sorted].reverse().sort(byCodePoint)).toEqual(sorted)
})
