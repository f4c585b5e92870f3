import { describe, expect, it, vi } from 'vitest'
import { patternAt } from '../../../src/extension/language/patterns'

vi.mock('vscode', () => ({}))

const at = (text: string) => {
  const offset = text.indexOf('|')
  const plain = text.replace('|', '')
  const spot = patternAt(plain, offset)
  return spot && plain.slice(spot.start, spot.end)
}

describe('where layers are named', () => {
  it.each([
    ['{ "freeze": [{ "train": ["sta|ge1"] }] }', '"stage1"'],
    ['{ "freeze": [{ "train": ["head", "|"] }] }', '""'],
    ['{ "train": { "actions": [{ "at": 1, "do": { "freeze": ["st|em"] } }] } }', '"stem"'],
    ['{ "strategy": { "name": "delta", "hooks": ["lay|er1"] } }', '"layer1"'],
    ['{ "model": { "cut": "st|age6" } }', '"stage6"'],
  ])('%s', (text, found) => expect(at(text)).toBe(found))

  it.each([
    ['{ "name": "te|st" }'],
    ['{ "freeze": [{ "na|me": "head" }] }'],
    ['{ "train": { "actions": [{ "do": "pau|se" }] } }'],
  ])('nowhere else: %s', (text) => expect(at(text)).toBeUndefined())
})
