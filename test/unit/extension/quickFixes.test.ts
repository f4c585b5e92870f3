import { expect, it, vi } from 'vitest'
import { suggest } from '../../../src/engine/network/suggest'
import { catalog } from '../../../src/engine/strategies/catalog'
import { fixesOf } from '../../../src/extension/language/quickFixes'
import { parseRunFile } from '../../../src/spec'
import { removalOf } from '../../../src/spec/settings'
import { applyEdits, parse } from 'jsonc-parser'

vi.mock('vscode', () => ({}))

/** The message as the editor marks it. */
function messages(text: string): string[] {
  return parseRunFile(text, { file: 'x.thaw.json', strategies: catalog }).problems.map(
    ({ path, message, hint }) => `${path ? `${path}: ` : ''}${message}${hint ? `; ${hint}` : ''}`,
  )
}

it.each([
  ['{ "strategy": "ful" }', '"full"'],
  ['{ "strategy": "full", "trian": {} }', '"train"'],
  ['{ "strategy": "full", "train": { "optimizer": { "name": "adamW" } } }', '"adamw"'],
])('%s is mended to %s by one fix', (text, replace) => {
  const [message] = messages(text)
  expect(fixesOf(message!)).toEqual([{ title: `Change to ${replace}`, replace, preferred: true }])
})

it('a batch that does not fit is made smaller', () => {
  const [fix] = fixesOf(
    'train.batchSize: 512 images a step take about 9.1 GB; write 96 or less, or a smaller model.inputSize',
  )
  expect(fix?.replace).toBe('96')
})

it.each([
  ['stagee1', ['"stage1"']],
  ['qqqqqqqqqqqqqqqqqqqq', ['"stem"', '"stage1"']],
])("a pattern '%s' that matches nothing gets names of the network itself", (pattern, expected) => {
  const hint = suggest(pattern, ['stem', 'stage1'])
  const message = `freeze[0].train[0]: '${pattern}' matches no layer, stage or parameter of small_cnn; ${hint}`
  expect(fixesOf(message).map(({ replace }) => replace)).toEqual(expected)
})

it('says nothing of what has no single answer', () => {
  expect(fixesOf('data.source: there is no folder images; write the path of a folder')).toEqual([])
})

it('removes a field with its comma, and leaves comments alone', () => {
  const text = '{\n  // kept\n  "strategy": "full",\n  "train": { "steps": 3, "odd": 1 }\n}\n'
  const mended = applyEdits(text, removalOf(text, 'train.odd')!)
  expect(parse(mended)).toEqual({ strategy: 'full', train: { steps: 3 } })
  expect(mended).toContain('// kept')
  expect(removalOf(text, 'train.none')).toBeUndefined()
})
