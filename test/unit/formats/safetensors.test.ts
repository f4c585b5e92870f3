import { readFileSync, writeFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/spec/types'
import { fileSource, openSafetensors, readSafetensors, writeSafetensors } from '../../../src/engine/formats'
import { floatToHalf, halfToFloat } from '../../../src/engine/formats/values'

/** A file with this header text and so many bytes of data. */
function file(header: string | Uint8Array, data: number | Uint8Array = 0, claim?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const body = typeof data === 'number' ? new Uint8Array(data) : data
  const out = new Uint8Array(8 + text.length + body.length)
  new DataView(out.buffer).setBigUint64(0, claim ?? BigInt(text.length), true)
  out.set(text, 8)
  out.set(body, 8 + text.length)
  return out
}

const entry = (shape: number[], from: number, to: number, dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [from, to] })

describe('safetensors', () => {
  it('reads back what was written, whatever the names', async () => {
    const name = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((s) => s !== '__metadata__' && s !== '__proto__')
    const value = fc.array(fc.float({ noNaN: true }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value), fc.constantFrom('F32' as const), async (record, dtype) => {
        const tensors = new Map(
          Object.entries(record).map(([key, list]) => [
            key,
            { shape: [list.length], data: Float32Array.from(list), dtype },
          ]),
        )
        const read = await readSafetensors(writeSafetensors(tensors, { who: 'test' }))
        expect(read.metadata.get('who')).toBe('test')
        expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort())
        for (const [key, { data, shape }] of tensors) {
          expect(read.tensors.get(key)!.shape).toEqual(shape)
          expect(read.tensors.get(key)!.data).toEqual(data)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('reads every number type at any offset, from a Buffer too', async () => {
    const bytes = new Uint8Array(1 + 8 + 4 + 2 + 2 + 8 + 4 + 2 + 1)
    const view = new DataView(bytes.buffer)
    view.setUint8(0, 1)
    view.setFloat64(1, -1.5, true)
    view.setFloat32(9, 0.1, true)
    view.setUint16(13, 0x3c00, true)
    view.setUint16(15, 0xbfc0, true)
    view.setBigInt64(17, -7n, true)
    view.setInt32(25, -9, true)
    view.setInt16(29, -300, true)
    view.setInt8(31, -5)
    const kinds = [
      ['BOOL', 1],
      ['F64', 8],
      ['F32', 4],
      ['F16', 2],
      ['BF16', 2],
      ['I64', 8],
      ['I32', 4],
      ['I16', 2],
      ['I8', 1],
    ] as const
    let at = 0
    const parts = kinds.map(([dtype, size]) => `"${dtype}":${entry([1], at, (at += size), dtype)}`)
    const { tensors } = await readSafetensors(Buffer.from(file(`{${parts.join()}}`, bytes)))
    const read = kinds.map(([dtype]) => tensors.get(dtype)!.data[0])
    expect(read).toEqual([1, -1.5, Math.fround(0.1), 1, -1.5, -7, -9, -300, -5])
  })

  it('rounds to half as IEEE 754 says: every half survives, ties go to even, too large becomes infinite', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfToFloat(bits)
      if (!Number.isNaN(value)) expect(floatToHalf(value)).toBe(bits)
    }
    expect(Number.isNaN(halfToFloat(floatToHalf(NaN)))).toBe(true)
    expect(halfToFloat(floatToHalf(1 + 2 ** -11))).toBe(1)
    expect(halfToFloat(floatToHalf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9)
    expect(halfToFloat(floatToHalf(65504))).toBe(65504)
    expect(halfToFloat(floatToHalf(65520))).toBe(Infinity)
    expect(halfToFloat(floatToHalf(2 ** -25))).toBe(0)
    expect(halfToFloat(floatToHalf(2 ** -25 * 1.01))).toBe(2 ** -24)
  })

  const good = entry([1], 0, 4)
  const hostile: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /it has 0 bytes/],
    [
      'a header that claims 100 GB',
      file('{}', 0, 100_000_000_000n),
      /its header claims 100\.0 GB, the limit is 100\.0 MB/,
    ],
    ['a header that claims 2^64 - 1 bytes', file('{}', 0, 2n ** 64n - 1n), /its header claims/],
    [
      'a header longer than the file',
      file('{}', 0, 5000n),
      /claims 5000 bytes, the file has 10 bytes; it may be truncated/,
    ],
    ['a header that is not UTF-8', file(Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)), /not UTF-8/],
    ['a header that is not JSON', file('{"a":'), /not a JSON object/],
    ['a header that is a list', file('[]'), /not a JSON object/],
    ['a header nested 100,000 deep', file('['.repeat(100_000)), /not a JSON object/],
    ['a name twice', file(`{"a":${good},"a":${good}}`, 4), /the name 'a' occurs twice/],
    ['the name __proto__', file(`{"__proto__":${good}}`, 4), /'__proto__' is no tensor name/],
    [
      'overlapping tensors',
      file(`{"a":${entry([2], 0, 8)},"b":${entry([1], 4, 8)}}`, 8),
      /'a' and 'b' overlap/,
    ],
    [
      'offsets out of range',
      file(`{"a":${entry([4], 0, 16)}}`, 8),
      /'a' lies at bytes 0 to 16 of 8; the file may be truncated/,
    ],
    ['offsets backwards', file(`{"a":${entry([1], 4, 0)}}`, 4), /lies at bytes 4 to 0/],
    ['a negative offset', file(`{"a":${entry([1], -4, 0)}}`, 4), /no pair of data_offsets/],
    [
      'a shape that needs more than its bytes',
      file(`{"a":${entry([2], 0, 4)}}`, 4),
      /of shape \[2\] needs 8 bytes but has 4/,
    ],
    [
      'a shape whose size overflows',
      file(`{"a":${entry([2 ** 31, 2 ** 31, 2 ** 31], 0, 4)}}`, 4),
      /needs .* bytes but has 4/,
    ],
    ['a negative dimension', file(`{"a":${entry([-1], 0, 4)}}`, 4), /no shape of whole numbers/],
    [
      'a shape that is not a list',
      file('{"a":{"dtype":"F32","shape":3,"data_offsets":[0,4]}}', 4),
      /no shape/,
    ],
    [
      'an unknown type',
      file(`{"a":${entry([1], 0, 4, 'F8_E4M3')}}`, 4),
      /the type 'F8_E4M3', which is not read/,
    ],
    [
      'a type from the prototype',
      file(`{"a":${entry([1], 0, 4, 'constructor')}}`, 4),
      /the type 'constructor'/,
    ],
    ['a gap', file(`{"a":${entry([1], 4, 8)}}`, 8), /4 bytes before tensor 'a' belong to nothing/],
    ['bytes after the end', file(`{"a":${good}}`, 9), /5 bytes at its end belong to nothing/],
    ['an entry that is no object', file('{"a":[1,2]}', 0), /'a' has no dtype/],
  ]

  it.each(hostile)('refuses %s in a sentence', async (_, bytes, message) => {
    const failure: unknown = await readSafetensors(bytes, 'bad.safetensors').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(UserError)
    expect((failure as Error).message).toMatch(message)
    expect((failure as Error).message).toMatch(/^bad\.safetensors is not a/)
  })

  it('never fails with anything but a sentence, whatever bytes are changed', async () => {
    const base = writeSafetensors(
      new Map([
        ['a', { shape: [2], data: Float32Array.of(1, 2) }],
        ['b', { shape: [1, 1], data: Float32Array.of(3) }],
      ]),
    )
    const change = fc.tuple(fc.nat(base.length - 1), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(base.length),
        async (changes, length) => {
          const bytes = base.slice(0, length)
          for (const [at, value] of changes) if (at < length) bytes[at] = value
          await readSafetensors(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(UserError))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('reads one tensor of a big file without the rest, and says when the file shrinks meanwhile', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thaw-'))
    const path = join(folder, 'big.safetensors')
    const big = new Float32Array(1e6).fill(1)
    writeFileSync(
      path,
      writeSafetensors(
        new Map([
          ['big', { shape: [1e6], data: big }],
          ['small', { shape: [1], data: Float32Array.of(5) }],
        ]),
      ),
    )
    const source = await fileSource(path, 'big.safetensors')
    let bytes = 0
    const counted = {
      ...source,
      read: (from: number, to: number) => ((bytes += to - from), source.read(from, to)),
    }
    const reader = await openSafetensors(counted)
    expect(Array.from((await reader.tensor('small')).data)).toEqual([5])
    expect(bytes).toBeLessThan(1000)
    truncateSync(path, 1000)
    await expect(reader.tensor('big')).rejects.toThrow('big.safetensors ended at byte 1000 while it was read')
    await source.close()
    expect(readFileSync(path).length).toBe(1000)
    rmSync(folder, { recursive: true })
    await expect(fileSource(path, 'big.safetensors')).rejects.toThrow('there is no file big.safetensors')
  })
})
