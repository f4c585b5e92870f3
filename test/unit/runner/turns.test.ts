import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownIdentity } from '../../../src/events'
import { RunQueue } from '../../../src/runner'
import { inTurn } from '../../../src/events/turns'
import { attemptOf, gone, makeRoot, makeRun } from './folders'

let root: string
let folder: string
beforeEach(() => {
  root = makeRoot()
  folder = join(root, 'turns')
})
afterEach(() => rmSync(root, { recursive: true }))

test('many that want a turn at once each get one, and the folder stays small', async () => {
  const order: number[] = []
  await Promise.all(Array.from({ length: 12 }, (_, i) => inTurn(folder, () => order.push(i))))
  expect(order.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i))
  expect(readdirSync(folder).sort()).toEqual(['12', '12.done'])
})

test('the turn of a process that died holds nobody up; that of one that lives does', async () => {
  mkdirSync(folder)
  writeFileSync(join(folder, '3'), JSON.stringify(gone))
  expect(await inTurn(folder, () => 'mine')).toBe('mine')
  writeFileSync(join(folder, '5'), JSON.stringify(ownIdentity()))
  let done = false
  const waiting = inTurn(folder, () => (done = true))
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(done).toBe(false)
  writeFileSync(join(folder, '5.done'), '')
  await waiting
  expect(done).toBe(true)
})

test('a failure in a turn gives the turn back', async () => {
  await expect(
    inTurn(folder, () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(await inTurn(folder, () => 1)).toBe(1)
})

test('a queue with no room starts nothing, keeps its order, and forgets what is taken out', async () => {
  attemptOf(makeRun(root, 'busy'))
  const queue = new RunQueue(root)
  const { spec } = await import('./folders')
  for (const id of ['b', 'a', 'c']) await queue.add({ spec, base: root, id })
  expect(queue.list().map((item) => [item.id, item.place])).toEqual([
    ['b', 1],
    ['a', 2],
    ['c', 3],
  ])
  expect(await queue.remove('a')).toBe(true)
  expect(await queue.remove('a')).toBe(false)
  expect(new RunQueue(root).list().map((item) => item.id)).toEqual(['b', 'c'])
  expect(queue.limit).toBe(1)
  await expect(queue.setLimit(0)).rejects.toThrow(/must be 1 or more/)
})
