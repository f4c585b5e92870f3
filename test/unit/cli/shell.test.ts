import { expect, test } from 'vitest'
import { runWord, shellWord } from '../../../src/cli/render/shell'

test('what is told to be typed next can be typed: spaces, quotes and letters of all alphabets', () => {
  expect(shellWord('a/b-1.thaw.json')).toBe('a/b-1.thaw.json')
  expect(shellWord('my pictures.thaw.json')).toBe("'my pictures.thaw.json'")
  expect(shellWord("o'clock $HOME")).toBe(`'o'\\''clock $HOME'`)
  expect(shellWord('')).toBe("''")
})

test('a run is named by its id where that finds it, and by its path elsewhere', () => {
  expect(runWord('/home/me/.thaw/runs/one', '/home/me')).toBe('one')
  expect(runWord('/home/me/out/one', '/home/me')).toBe('out/one')
  expect(runWord('/home/me/one', '/home/me')).toBe('./one')
  expect(runWord('/home/me/o x/one', '/home/me')).toBe("'o x/one'")
  expect(runWord('/home/me/.thaw/runs/one', '/home/me/sub')).toBe('../.thaw/runs/one')
})
