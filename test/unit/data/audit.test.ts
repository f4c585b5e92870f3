import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { auditDataset, type AuditFinding, type FindingCode } from '../../../src/engine/data'
import { classFolders, encode, noise, noisePng, openFolder, temporaryFolder, writeFolder } from './folder'

/** Two classes of eight, which alone give no finding. */
const healthy = () => classFolders({ cat: 8, dog: 8 }, '', 1000)

async function findingsOf(
  folder: string,
  spec: Parameters<typeof openFolder>[1] = {},
): Promise<AuditFinding[]> {
  return auditDataset(await openFolder(folder, spec))
}

const codes = (findings: AuditFinding[]) => findings.map(({ severity, code }) => `${severity} ${code}`)

const only = (findings: AuditFinding[], code: FindingCode) => {
  const found = findings.filter((one) => one.code === code)
  expect(found, code).toHaveLength(1)
  return found[0]!
}

/** What is in a folder, to show that nothing was written. */
const contents = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, statSync(join(entry.parentPath, entry.name)).mtimeMs])

test('a healthy set has no findings, and nothing is written to it', async () => {
  const folder = writeFolder(await healthy())
  const before = contents(folder)
  const dataset = await openFolder(folder)
  expect(await auditDataset(dataset)).toEqual([])
  expect(dataset.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(contents(folder)).toEqual(before)
})

describe('files that are no usable images are errors that name the file', () => {
  test.each([
    ['broken', 'unreadable', /^"cat\/bad\.png" cannot be decoded \(.+\)\. Remove or replace it\.$/],
    ['empty', 'empty-file', /^"cat\/bad\.png" is empty \(0 bytes\)\. Remove or replace it\.$/],
    ['text', 'not-an-image', /^"cat\/bad\.png" is not an image that can be read\. Remove or replace it\.$/],
    ['wide', 'too-large', /^"cat\/bad\.png" is 50000 x 1 px, over the limit of 20000 px a side/],
  ] as const)('%s', async (kind, code, message) => {
    const whole = await noisePng(1, 32)
    const content = {
      broken: whole.subarray(0, whole.length >> 1),
      empty: new Uint8Array(),
      text: Buffer.from('<html>404 not found</html>'),
      wide: await sharp({ create: { width: 50_000, height: 1, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    }[kind]
    const findings = await findingsOf(writeFolder({ ...(await healthy()), 'cat/bad.png': content }))
    expect(codes(findings)).toEqual([`error ${code}`])
    expect(findings[0]!.message).toMatch(message)
    expect(findings[0]!.paths).toEqual(['cat/bad.png'])
  })

  test('no permission', async (context) => {
    const folder = writeFolder(await healthy())
    chmodSync(join(folder, 'cat/0.png'), 0)
    // the administrator reads everything
    if (process.getuid?.() === 0) return context.skip()
    expect(only(await findingsOf(folder), 'unreadable').message).toContain('no permission')
  })

  test('a thousand broken files do not make a thousand lines', async () => {
    const bad = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`cat/bad${i}.png`, `no image ${i}`]))
    const findings = await findingsOf(writeFolder({ ...(await healthy()), ...bad }))
    expect(findings).toHaveLength(11)
    expect(findings.flatMap(({ paths }) => paths)).toHaveLength(25)
    expect(findings[10]!.message).toContain('holds for 15 more')
  })
})

describe('pictures that occur twice', () => {
  const twice = async (first: string, second: string, other?: (bytes: Uint8Array) => Promise<Uint8Array>) => {
    const picture = await noisePng(7, 32)
    const files = {
      ...(await classFolders({ cat: 5, dog: 5 }, 'train', 2000)),
      ...(await classFolders({ cat: 2, dog: 2 }, 'test', 3000)),
    }
    return findingsOf(
      writeFolder({ ...files, [first]: picture, [second]: other ? await other(picture) : picture }),
    )
  }
  const recoded = (bytes: Uint8Array) => sharp(bytes).webp({ lossless: true }).toBuffer()

  test('in one class and split are told as copies', async () => {
    const findings = await twice('train/cat/x.png', 'train/cat/y.png')
    expect(codes(findings)).toEqual(['warning duplicate'])
    expect(findings[0]!.message).toBe(
      '1 picture occurs more than once: "train/cat/x.png" and "train/cat/y.png". Each copy counts as an image of its own.',
    )
    expect(findings[0]!.paths).toEqual(['train/cat/x.png', 'train/cat/y.png'])
  })

  test('in train and test are a leak', async () => {
    const findings = await twice('train/cat/x.png', 'test/cat/y.png')
    expect(codes(findings)).toEqual(['warning leak'])
    expect(findings[0]!.message).toContain('"train/cat/x.png" and "test/cat/y.png"')
  })

  test('in two classes contradict each other', async () => {
    expect(codes(await twice('train/cat/x.png', 'train/dog/y.png'))).toEqual(['warning conflict'])
    expect(codes(await twice('train/cat/x.png', 'test/dog/y.png'))).toEqual([
      'warning leak',
      'warning conflict',
    ])
  })

  test('under other bytes are still found', async () => {
    expect(codes(await twice('train/cat/x.png', 'train/cat/y.webp', recoded))).toEqual([
      'warning near-duplicate',
    ])
    expect(codes(await twice('train/cat/x.png', 'test/cat/y.webp', recoded))).toEqual(['warning leak'])
  })

  test('are told once, with all their places', async () => {
    const picture = await noisePng(7, 32)
    const copies = { 'cat/x.png': picture, 'cat/y.png': picture, 'cat/z.webp': await recoded(picture) }
    const findings = await findingsOf(writeFolder({ ...(await healthy()), ...copies }), {
      split: { test: 0 },
    })
    expect(new Set(findings.flatMap(({ paths }) => paths))).toEqual(new Set(Object.keys(copies)))
  })

  test('blank pictures of different files are not called the same picture', async () => {
    const blank = async (size: number) =>
      sharp({ create: { width: size, height: size, channels: 3, background: 'white' } })
        .png()
        .toBuffer()
    const findings = await findingsOf(
      writeFolder({ ...(await healthy()), 'cat/x.png': await blank(10), 'dog/y.png': await blank(20) }),
    )
    expect(findings).toEqual([])
  })
})

describe('counts', () => {
  test('one class is an error', async () => {
    const findings = await findingsOf(writeFolder(await classFolders({ cat: 8 })))
    expect(only(findings, 'one-class')).toMatchObject({
      severity: 'error',
      message: 'There is only one class, "cat": nothing to tell apart. Add a folder for a second class.',
    })
  })

  test('a class with one image is a warning, and the image trains', async () => {
    const dataset = await openFolder(writeFolder(await classFolders({ cat: 8, dog: 8, emu: 1 })))
    const findings = await auditDataset(dataset)
    expect(only(findings, 'one-image-class')).toMatchObject({
      severity: 'warning',
      message: '"emu" has a single image, so nothing is left to test on. Add images, or remove the class.',
    })
    expect(dataset.items.filter(({ label }) => label === 2)).toEqual([
      { path: 'emu/0.png', label: 2, split: 'train' },
    ])
  })

  test('uneven classes, few images and a missing test split are warnings', async () => {
    const uneven = await findingsOf(writeFolder(await classFolders({ cat: 5, dog: 32 })), {
      split: { test: 0 },
    })
    expect(codes(uneven)).toEqual(['warning imbalance', 'warning no-test'])
    expect(uneven[0]!.message).toContain('"dog" has 32 training images and "cat" has 5')
    const few = await findingsOf(writeFolder(await classFolders({ cat: 4, dog: 4 })))
    expect(only(few, 'few').message).toContain('"cat" and "dog" have fewer than 5 training images')
  })

  test('few images are no surprise when few were asked for, and one when more were', async () => {
    const folder = writeFolder(await classFolders({ cat: 8, dog: 8 }))
    expect(await findingsOf(folder, { shots: 2 })).toEqual([])
    const wanted = only(await findingsOf(folder, { shots: 7 }), 'few')
    expect(wanted.message).toBe(
      'data.shots asks for 7 training images a class, and "cat" and "dog" have fewer.',
    )
  })
})

describe('folders', () => {
  test('links that loop are told and not followed', async () => {
    const folder = writeFolder(await healthy())
    symlinkSync('..', join(folder, 'cat/up'))
    symlinkSync('self.png', join(folder, 'dog/self.png'))
    const dataset = await openFolder(folder)
    expect(dataset.items).toHaveLength(16)
    const finding = only(await auditDataset(dataset), 'symlink-loop')
    expect(finding.paths).toEqual(['cat/up', 'dog/self.png'])
    expect(finding.severity).toBe('warning')
  })

  test('two folders that link into each other end', async () => {
    const folder = writeFolder(await healthy())
    symlinkSync('../dog', join(folder, 'cat/d'))
    symlinkSync('../cat', join(folder, 'dog/c'))
    expect(only(await findingsOf(folder), 'symlink-loop').paths).toEqual(['cat/d/c', 'dog/c/d'])
  })

  test('links out of the folder are told and not followed', async () => {
    const elsewhere = writeFolder({ 'secret.png': await noisePng(1), 'more/1.png': await noisePng(2) })
    const folder = writeFolder(await healthy())
    symlinkSync(join(elsewhere, 'secret.png'), join(folder, 'cat/secret.png'))
    symlinkSync(join(elsewhere, 'more'), join(folder, 'emu'))
    const dataset = await openFolder(folder)
    expect(dataset.classes).toEqual(['cat', 'dog'])
    expect(dataset.items).toHaveLength(16)
    expect(only(await auditDataset(dataset), 'symlink-outside').paths).toEqual(['cat/secret.png', 'emu'])
  })

  test('links inside the folder, and a link to the folder itself, are followed', async () => {
    const folder = writeFolder(await healthy())
    mkdirSync(join(folder, 'emu'))
    for (let i = 0; i < 8; i++) symlinkSync(`../cat/${i}.png`, join(folder, `emu/${i}.png`))
    const link = join(temporaryFolder(), 'link')
    symlinkSync(folder, link)
    const dataset = await openFolder(link)
    expect(dataset.classes).toEqual(['cat', 'dog', 'emu'])
    expect(dataset.items).toHaveLength(24)
  })

  test('a link to nothing is told', async () => {
    const folder = writeFolder(await healthy())
    symlinkSync('gone.png', join(folder, 'cat/x.png'))
    expect(only(await findingsOf(folder), 'unreadable')).toMatchObject({
      severity: 'warning',
      paths: ['cat/x.png'],
    })
  })

  test('names that are no text are told; odd but valid ones work', async () => {
    const folder = writeFolder({
      ...(await healthy()),
      'cat/-rf *.png': await noisePng(1),
      'cat/a"b\'c\\d.png': await noisePng(2),
      'cat/ name .PNG': await noisePng(3),
      'cat/tab\there.png': await noisePng(4),
      'cat/\u{1F408}.png': await noisePng(5),
      'constructor/1.png': await noisePng(6),
      'constructor/2.png': await noisePng(7),
      '__proto__/1.png': await noisePng(8),
      '__proto__/2.png': await noisePng(9),
    })
    writeFileSync(
      Buffer.concat([Buffer.from(join(folder, 'cat/')), Buffer.from([0xff, 0xfe]), Buffer.from('.png')]),
      await noisePng(10),
    )
    const dataset = await openFolder(folder)
    expect(dataset.classes).toEqual(['__proto__', 'cat', 'constructor', 'dog'])
    expect(dataset.items).toHaveLength(16 + 9)
    const findings = await auditDataset(dataset)
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
    const odd = findings.filter(({ code }) => code === 'odd-name')
    expect(odd.map(({ paths }) => paths)).toEqual([['cat/\ufffd\ufffd.png'], ['cat/tab\there.png']])
    // no control character reaches a terminal
    expect(odd[1]!.message).toContain('"cat/tab\\there.png"')
  })

  test('an empty class folder is left out, pictures astray and of other kinds are told, other files are not', async () => {
    const folder = writeFolder({
      ...(await healthy()),
      'astray.png': await noisePng(1),
      'README.md': 'about',
      'cat/notes.txt': 'notes',
      'cat/old.bmp': 'BM',
      'cat/.DS_Store': 'x',
      '__MACOSX/cat/0.png': await noisePng(2),
    })
    mkdirSync(join(folder, 'emu'))
    const dataset = await openFolder(folder)
    expect(dataset.classes).toEqual(['cat', 'dog'])
    const findings = await auditDataset(dataset)
    expect(codes(findings).sort()).toEqual(['warning empty-class', 'warning ignored', 'warning not-an-image'])
    expect(only(findings, 'empty-class').message).toBe(
      '1 class folder holds no image and is left out: "emu". Put images in, or remove the folder.',
    )
    expect(only(findings, 'ignored').paths).toEqual(['astray.png'])
    expect(only(findings, 'not-an-image').message).toContain('Convert them to PNG or JPEG')
  })
})

test('a second audit gives the same findings, not more', async () => {
  const folder = writeFolder({
    ...(await healthy()),
    'cat/bad.png': 'no image',
    'astray.png': await noisePng(1),
  })
  const dataset = await openFolder(folder)
  const first = await auditDataset(dataset)
  expect(await auditDataset(dataset)).toEqual(first)
  expect(dataset.findings).toEqual(first)
  expect(codes(first)).toEqual(['error not-an-image', 'warning ignored'])
})

test('progress is told to the end, and a signal stops the audit', async () => {
  const dataset = await openFolder(writeFolder(await healthy()))
  const seen: number[] = []
  await auditDataset(dataset, { onProgress: (done, total) => seen.push(done / total) })
  expect(seen).toHaveLength(16)
  expect(seen.at(-1)).toBe(1)
  await expect(auditDataset(dataset, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
    'enough',
  )
})

test('the hash follows contents, labels and splits, and nothing else', async () => {
  const files = await healthy()
  const hashOf = async (folder: string, spec = {}) => {
    const dataset = await openFolder(folder, spec)
    await auditDataset(dataset)
    return dataset.hash
  }
  const base = await hashOf(writeFolder(files))
  expect(await hashOf(writeFolder(files))).toBe(base)
  const others = [
    await hashOf(writeFolder({ ...files, 'cat/0.png': await encode(noise(8, 77), 8).png().toBuffer() })),
    await hashOf(writeFolder(files), { split: { seed: 1 } }),
    await hashOf(writeFolder(files), { background: 'black' }),
    await hashOf(writeFolder({ ...files, 'emu/0.png': files['cat/0.png']! })),
  ]
  expect(new Set([base, ...others]).size).toBe(5)
})
