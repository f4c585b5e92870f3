import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kernelsBase64, sourceSha256 } from '../../../src/engine/backend/wasm/kernels'

const folder = join(import.meta.dirname, '../../../src/engine/backend/wasm')

test('the committed kernels were built from the committed source and stay small', () => {
  expect(
    createHash('sha256')
      .update(readFileSync(join(folder, 'kernels.c')))
      .digest('hex'),
  ).toBe(sourceSha256)
  expect(kernelsBase64.length).toBeLessThan(100_000)
})

test('the kernels keep nothing of their own in the memory that belongs to tfjs', () => {
  const bytes = Buffer.from(kernelsBase64, 'base64')
  // sections: id, LEB128 length; a data section is number 11
  const sections: number[] = []
  for (let at = 8; at < bytes.length;) {
    sections.push(bytes[at++]!)
    let length = 0
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++]!
      length |= (byte & 127) << shift
      more = byte > 127
    }
    at += length
  }
  expect(sections).not.toContain(11)
})
