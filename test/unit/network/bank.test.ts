import { beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf } from '../../../src/engine/backend'
import { createBank, type ParameterBank } from '../../../src/engine/network'

const values = () =>
  new Map([
    ['b', { shape: [2], data: Float32Array.of(1, 2) }],
    ['a', { shape: [1, 2], data: Float32Array.of(3, 4) }],
  ])

beforeAll(async () => {
  await openBackend('cpu')
})

describe('a bank', () => {
  it('owns its tensors: what it is given it keeps out of any tidy, what it drops it disposes', () => {
    const before = tf.memory().numTensors
    let bank!: ParameterBank
    tf.tidy(() => {
      bank = createBank(values())
    })
    tf.tidy(() => bank.set('b', tf.tensor1d([5, 6])))
    expect(Array.from(bank.get('b').dataSync())).toEqual([5, 6])
    bank.set('b', bank.get('b'))
    expect(tf.memory().numTensors).toBe(before + 2)
    const copy = bank.clone()
    bank.dispose()
    expect(Array.from(copy.get('a').dataSync())).toEqual([3, 4])
    copy.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('copies deeply: neither the plain values nor a clone see a later change', () => {
    const source = values()
    const bank = createBank(source)
    source.get('a')!.data[0] = 99
    const copy = bank.clone()
    bank.get('a').dataSync()[0] = 77
    expect(Array.from(copy.get('a').dataSync())).toEqual([3, 4])
    bank.dispose()
    copy.dispose()
  })

  it('refuses another shape and unknown names', () => {
    const bank = createBank(values())
    const wrong = tf.zeros([3])
    expect(() => bank.set('b', wrong)).toThrow("'b' has shape [2], not [3]")
    expect(() => bank.get('c')).toThrow("no parameter 'c'")
    expect(bank.has('c')).toBe(false)
    wrong.dispose()
    bank.dispose()
  })

  it('hashes content: order of names does not matter; one bit, a shape or a name does', async () => {
    const hash = async (entries: [string, { shape: number[]; data: Float32Array }][]) => {
      const bank = createBank(new Map(entries))
      const digest = await bank.hash()
      bank.dispose()
      return digest
    }
    const base = [...values()]
    const digest = await hash(base)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(await hash([...base].reverse())).toBe(digest)
    const others = [
      [['b', { shape: [2], data: Float32Array.of(1, 2 + 2 ** -22) }], base[1]!],
      [
        ['b', { shape: [2], data: Float32Array.of(1, 2) }],
        ['a', { shape: [2, 1], data: Float32Array.of(3, 4) }],
      ],
      [['c', { shape: [2], data: Float32Array.of(1, 2) }], base[1]!],
    ] as [string, { shape: number[]; data: Float32Array }][][]
    for (const other of others) expect(await hash(other)).not.toBe(digest)
  })
})
