import { describe, expect, test } from 'vitest'
import { initFile, suggestFor, type Sight } from '../../../src/cli/render/initFile'
import { catalog } from '../../../src/engine/strategies/catalog'
import { parseRunFile } from '../../../src/spec'

const sight = (over: Partial<Sight> = {}): Sight => ({
  source: 'photos',
  classes: ['cat', 'dog'],
  counts: { train: 100, val: 0, test: 25 },
  smallest: 50,
  largest: 50,
  ...over,
})

describe('the run file that init writes', () => {
  test('is valid without a warning, whatever the folder is called', () => {
    for (const source of ['photos', 'a "quoted" name', 'ünï/côdé', 'back\\slash']) {
      const { spec, problems } = parseRunFile(initFile(sight({ source })), { file: 'f', strategies: catalog })
      expect(problems).toEqual([])
      expect(spec).toMatchObject({
        data: { source },
        strategy: { name: 'full' },
        train: { steps: 60, batchSize: 20 },
      })
    }
  })

  test('says what it saw and why it suggests what it does', () => {
    const text = initFile(sight())
    expect(text).toContain('// 2 classes; 100 images to train, 0 to validate, 25 to test.')
    expect(text).toContain('// Every weight trains, the new head ten times faster than the rest.')
    expect(text).toContain('// About 12 passes over the training images.')
  })

  test('suggests a probe for a handful of images, and more steps for more images', () => {
    expect(suggestFor(sight({ smallest: 3, counts: { train: 6, val: 0, test: 2 } }))).toMatchObject({
      strategy: 'linear-probe',
      because: 'the smallest class has 3 training images: too few to move the network',
      batchSize: 6,
    })
    expect(suggestFor(sight({ counts: { train: 1000, val: 0, test: 0 } })).steps).toBe(600)
    expect(suggestFor(sight({ counts: { train: 1_000_000, val: 0, test: 0 } })).steps).toBe(2000)
  })
})
