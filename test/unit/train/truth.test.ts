import { expect, test } from 'vitest'
import { tf } from '../../../src/engine/backend'
import { floats } from '../../../src/engine/optim/floats'
import { TrainingSession } from '../../../src/engine/train'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

async function open(strategy: string, train: Record<string, unknown> = {}) {
  const spec = tinySpec(strategy, {
    train: { measureEvery: 1, optimizer: { name: 'sgd', rate: 0.01, momentum: 0.9 }, ...train },
  })
  const sink = new Collected()
  return { sink, session: await TrainingSession.open(spec, environment(sink), tinyParts(spec)) }
}

/** The least change that float32 knows, in one value. */
function nudge(session: TrainingSession, name: string): void {
  const tensor = session.bank.get(name)
  const values = floats(tensor).slice()
  new Int32Array(values.buffer)[0]!++
  session.bank.set(name, tf.tensor(values, tensor.shape))
}

const alarmsOf = (sink: Collected) => sink.of('alarm').map(({ code, layer }) => [code, layer])

test('a run that does what it declares raises no alarm', async () => {
  const { sink, session } = await open('last-k')
  while (await session.step());
  expect(alarmsOf(sink)).toEqual([])
  await session.dispose()
})

test('a running statistic of a frozen batch norm that drifts by the least bit alarms', async () => {
  const { sink, session } = await open('last-k')
  await session.step()
  nudge(session, 'stem.bn.running_mean')
  await session.step()
  await session.step()
  expect(alarmsOf(sink)).toEqual([['frozen-moved', 'stem.bn']])
  expect(sink.of('alarm')[0]!.message).toMatch(/running statistic stem\.bn\.running_mean moved/)
  await session.dispose()
})

test('a running statistic that moves where batch norm trains on running statistics alarms', async () => {
  const { sink, session } = await open('full')
  await session.step()
  nudge(session, 'a.bn.running_var')
  await session.step()
  expect(alarmsOf(sink)).toEqual([['frozen-moved', 'a.bn']])
  await session.dispose()
})

test('momentum that leaks into a frozen layer alarms', async () => {
  const { sink, session } = await open('full')
  await session.step()
  await session.step()
  await session.apply({ do: 'freeze', layers: ['stem'] }, 'test')
  const apply = session.optimizer.apply.bind(session.optimizer)
  session.optimizer.apply = (bank, gradients, rates) => {
    // an optimizer that keeps stepping on what it once knew
    const stale = tf.fill(bank.get('stem.conv.weight').shape, 1e-4)
    apply(
      bank,
      new Map([...gradients, ['stem.conv.weight', stale]]),
      (name) => rates(name) ?? { rate: 0.01, weightDecay: 0 },
    )
    stale.dispose()
  }
  await session.step()
  expect(alarmsOf(sink)).toEqual([['frozen-moved', 'stem.conv']])
  await session.dispose()
})

test('a stray assignment alarms although its square is too small to see', async () => {
  const { sink, session } = await open('linear-probe', {})
  const name = 'c.bn.bias'
  await session.advance()
  const values = floats(session.bank.get(name)).slice()
  values[0] = values[0]! + 1e-30
  session.bank.set(name, tf.tensor1d(values))
  session.checkTruth(session.measure())
  expect(alarmsOf(sink)).toEqual([['frozen-moved', 'c.bn']])
  const layer = session.setup.layers.findIndex((one) => one.name === 'c.bn')
  expect(session.measure().row[layer * 5 + 4]).toBeGreaterThan(0)
  await session.dispose()
})

test('a layer that is declared training and stands still alarms at the end of its phase', async () => {
  const { sink, session } = await open('full')
  const apply = session.optimizer.apply.bind(session.optimizer)
  session.optimizer.apply = (bank, gradients, rates) =>
    apply(bank, new Map([...gradients].filter(([name]) => name !== 'b.pw.conv.weight')), rates)
  while (await session.step());
  expect(alarmsOf(sink)).toEqual([['trained-still', 'b.pw.conv']])
  await session.dispose()
})

test('a rate of zero is no reason for an alarm', async () => {
  const { sink, session } = await open('full')
  await session.apply({ do: 'rate', factor: 0 }, 'test')
  while (await session.step());
  expect(alarmsOf(sink)).toEqual([])
  await session.dispose()
})

test('measures: distance and moved are 0 for what is frozen, above 0 for what trains', async () => {
  const { sink, session } = await open('last-k')
  while (await session.step());
  const row = sink.rows.at(-1)!
  session.setup.layers.forEach((layer, i) => {
    const [gradient, update, distance, , moved] = row.slice(i * 5, i * 5 + 5)
    const trains = ['stage2', 'head'].includes(layer.stage)
    expect([layer.name, gradient! > 0, update! > 0, distance! > 0, moved! > 0]).toEqual([
      layer.name,
      trains,
      trains,
      trains,
      trains,
    ])
  })
  await session.dispose()
})
