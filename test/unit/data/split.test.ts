import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byClass, keepShots, splitCounts, stratify, type Candidate } from '../../../src/engine/data/split'

const share = fc.double({ min: 0, max: 0.45, noNaN: true })
const shares = fc.record({ val: share, test: share, seed: fc.nat() })
const files = fc
  .uniqueArray(
    fc.record({
      className: fc.constantFrom('a', 'b', 'constructor', '__proto__'),
      name: fc.string({ minLength: 1 }),
    }),
    {
      selector: ({ className, name }) => `${className}/${name.normalize('NFC')}`,
      maxLength: 80,
    },
  )
  .map((list): Candidate[] => list)

const asObject = (splits: Map<Candidate, string>) =>
  new Map([...splits].map(([{ className, name }, split]) => [`${className}/${name}`, split]))

describe('a stratified split', () => {
  test('gives each file one place and each class its share, train never empty', () => {
    fc.assert(
      fc.property(files, shares, (list, options) => {
        const splits = stratify(list, options)
        expect(splits.size).toBe(list.length)
        for (const group of byClass(list).values()) {
          const count = (split: string) => group.filter((file) => splits.get(file) === split).length
          const n = group.length
          expect(count('train')).toBeGreaterThanOrEqual(1)
          expect({ train: count('train'), val: count('val'), test: count('test') }).toEqual(
            splitCounts(n, options),
          )
          if (options.test === 0) expect(count('test')).toBe(0)
          else if (n > 1) expect(count('test')).toBeGreaterThanOrEqual(1)
          if (options.val > 0 && n > 2 && options.test <= 0.3) expect(count('val')).toBeGreaterThanOrEqual(1)
          if (n >= 10) {
            expect(Math.abs(count('test') - n * options.test)).toBeLessThanOrEqual(1)
            expect(Math.abs(count('val') - n * options.val)).toBeLessThanOrEqual(1)
          }
        }
      }),
    )
  })

  test('does not depend on the order in which files are listed', () => {
    fc.assert(
      fc.property(files, shares, (list, options) => {
        expect(asObject(stratify([...list].reverse(), options))).toEqual(asObject(stratify(list, options)))
      }),
    )
  })

  test('moves at most one file across each border when a file is added', () => {
    fc.assert(
      fc.property(files, shares, fc.string({ minLength: 1 }), (list, options, name) => {
        fc.pre(!list.some((file) => file.name.normalize('NFC') === name.normalize('NFC')))
        const before = asObject(stratify(list, options))
        const after = asObject(stratify([...list, { className: 'a', name }], options))
        const moved = [...before].filter(([key, split]) => after.get(key) !== split)
        expect(moved.length).toBeLessThanOrEqual(2)
        // and none in another class
        expect(moved.every(([key]) => key.startsWith('a/'))).toBe(true)
      }),
    )
  })

  test('differs with the seed', () => {
    const list = Array.from({ length: 40 }, (_, i) => ({ className: 'a', name: `${i}.png` }))
    const testOf = (seed: number) =>
      [...stratify(list, { val: 0, test: 0.25, seed })]
        .filter(([, split]) => split === 'test')
        .map(([{ name }]) => name)
    expect(testOf(1)).toHaveLength(10)
    expect(new Set([1, 2, 3, 4, 5].map((seed) => testOf(seed).sort().join())).size).toBe(5)
  })

  test('is the same for both Unicode forms of a name', () => {
    const composed = [
      { className: 'caf\u00e9', name: '\u00e9.png' },
      { className: 'caf\u00e9', name: 'x.png' },
    ]
    const decomposed = composed.map(({ className, name }) => ({
      className: className.normalize('NFD'),
      name: name.normalize('NFD'),
    }))
    for (let seed = 0; seed < 20; seed++)
      expect([...stratify(decomposed, { val: 0, test: 0.5, seed }).values()]).toEqual([
        ...stratify(composed, { val: 0, test: 0.5, seed }).values(),
      ])
  })
})

describe('shots and fraction', () => {
  const limit = fc.record({
    shots: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    fraction: fc.double({ min: 0.01, max: 1, noNaN: true }),
    seed: fc.nat(),
  })

  test('keep so many of each class, at least one', () => {
    fc.assert(
      fc.property(files, limit, (list, options) => {
        const kept = keepShots(list, options)
        for (const group of byClass(list).values()) {
          const wanted = Math.min(
            Math.max(1, Math.round(group.length * options.fraction)),
            options.shots ?? Infinity,
          )
          expect(group.filter((file) => kept.has(file))).toHaveLength(wanted)
        }
      }),
    )
  })

  test('of a smaller number are a part of those of a larger one', () => {
    fc.assert(
      fc.property(files, limit, fc.integer({ min: 1, max: 20 }), (list, options, more) => {
        const few = keepShots(list, { ...options, shots: options.shots ?? 3 })
        const many = keepShots(list, { ...options, shots: (options.shots ?? 3) + more })
        for (const file of few) expect(many.has(file)).toBe(true)
        for (const file of keepShots(list, { ...options, fraction: options.fraction / 2 }))
          expect(keepShots(list, options).has(file)).toBe(true)
      }),
    )
  })
})
