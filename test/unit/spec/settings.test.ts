import { describe, expect, test } from 'vitest'
import { applySettings, UserError, writesField } from '../../../src/spec'
import { parse } from './strategies'

describe('--set', () => {
  test('writes into the text and keeps comments', () => {
    const text = applySettings('{\n  // how long\n  "train": {"steps": 3}\n}\n', [
      'train.steps=5',
      'train.seed=2',
    ])
    expect(text).toContain('// how long')
    expect(parse(text).spec?.train).toMatchObject({ steps: 5, seed: 2 })
  })

  test('turns a strategy by name into one with options', () => {
    const text = applySettings('{"strategy": "l2-sp"}', ['strategy.alpha=0.5'])
    expect(parse(text).spec?.strategy).toEqual({ name: 'l2-sp', alpha: 0.5 })
  })

  test('takes a bare word as a text, and lists and indices', () => {
    const text = applySettings('{"freeze": [{"train": ["a"]}]}', [
      'backend=cpu',
      'freeze[0].train=["b","c"]',
      'freeze.0.name=x',
    ])
    expect(parse(text).spec).toMatchObject({ backend: 'cpu', freeze: [{ train: ['b', 'c'], name: 'x' }] })
  })

  test.each(['train.seed', '=3', 'a b=3', ''])('refuses %j with what to write', (setting) => {
    expect(() => applySettings('{}', [setting])).toThrow(UserError)
    expect(() => applySettings('{}', [setting])).toThrow('write FIELD=VALUE, for example train.seed=3')
  })

  test('cannot reach a prototype', () => {
    const text = applySettings('{}', ['__proto__.polluted=1'])
    expect(parse(text).spec).toBeUndefined()
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('leaves a text that is no JSON to the parser', () => {
    expect(applySettings('{', ['train.seed=1'])).toBe('{')
  })
})

test.each([
  ['{ "cache": { "memory": 0 } }', 'cache.memory', true],
  ['{ "cache": {} }', 'cache.memory', false],
  ['{ "backend": "auto" } // written', 'backend', true],
  ['{', 'backend', false],
  ['[]', 'backend', false],
])('%s writes %s: %s', (text, field, written) => expect(writesField(text, field)).toBe(written))
