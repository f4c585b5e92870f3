import { expect, it } from 'vitest'
import { outlineOf } from '../../../src/extension/language/outline'

const told = (text: string) => outlineOf(text).map(({ name, detail }) => `${name}: ${detail}`)

it('tells phases and actions in the order of steps, with their own places', () => {
  const text = `{
    // comments are allowed
    "train": { "steps": 60, "actions": [{ "at": 30, "do": { "rate": 0.5 } }, { "at": 5, "do": "pause" }] },
    "freeze": [{ "name": "top", "steps": 20, "train": ["head", "stage6"] }, { "train": ["*"] }],
  }`
  expect(told(text)).toEqual([
    'top: steps 1 to 20: head, stage6',
    'at 5: pause',
    'phase 2: steps 21 to 60: *',
    'at 30: rate 0.5',
  ])
  for (const { offset, length } of outlineOf(text))
    expect(text.slice(offset, offset + length)).toMatch(/^\{.*\}$/)
})

it.each([
  '',
  '[]',
  '3',
  '{',
  '{ "freeze": 3 }',
  '{ "freeze": [null, {}] , "train": [] }',
  '{ "train": { "actions": [{}] } }',
])('no text makes it throw: %s', (text) => expect(() => outlineOf(text)).not.toThrow())
