import { expect, test } from 'vitest'
import { events } from '../../../src/engine/backend/webgpu/events'

test('only functions of an addon may be left waiting; what a promise hands out keeps the process alive', () => {
  events.install()
  let handed: (value: unknown) => void = () => {}
  void new Promise((resolve) => (handed = resolve))
  const entries = [setImmediate(handed), setImmediate(() => {})]
  expect(entries.map((entry) => entry.hasRef())).toEqual([true, true])
})
