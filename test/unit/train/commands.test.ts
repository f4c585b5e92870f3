import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/events/types'
import { replaySpec, trainRun } from '../../../src/engine/train'
import type { ControlCommand, PendingCommand } from '../../../src/engine/train/types'
import { differences, weightsOf } from '../strategies/contract'
import { Collected, commandsAt, environment, tinyParts, tinySpec } from './fixture'

const spec = tinySpec('full', { train: { steps: 6 } })

async function runWith(
  plan: { after: number; command: ControlCommand }[],
  file = spec,
  wait?: () => Promise<void>,
) {
  const sink = new Collected()
  const outcome = await trainRun(
    file,
    environment(sink, { take: commandsAt(sink, plan), wait }),
    tinyParts(file),
  )
  expect(outcome.message).toBeUndefined()
  const weights = await weightsOf(sink.checkpoints.at(-1)!.files)
  return { sink, outcome, weights }
}

test('every command is told with its step and its source', async () => {
  const { sink } = await runWith([
    { after: 2, command: { do: 'rate', factor: 0.5 } },
    { after: 3, command: { do: 'freeze', layers: ['stem'] } },
    { after: 4, command: { do: 'unfreeze', layers: ['stem'] } },
    { after: 4, command: { do: 'evaluate' } },
    { after: 5, command: { do: 'checkpoint' } },
  ])
  expect(
    sink.of('control').map(({ step, action, source }) => [step, (action as ControlCommand).do, source]),
  ).toEqual([
    [2, 'rate', 'test'],
    [3, 'freeze', 'test'],
    [4, 'unfreeze', 'test'],
    [4, 'evaluate', 'test'],
    [5, 'checkpoint', 'test'],
  ])
  const rates = sink.of('step').map(({ rate }) => rate.backbone!)
  const plain = (await runWith([])).sink.of('step').map(({ rate }) => rate.backbone!)
  expect(rates.map((rate, i) => rate / plain[i]!)).toEqual([1, 1, 0.5, 0.5, 0.5, 0.5])
  expect(sink.of('alarm')).toEqual([])
})

test('a layer that a person freezes stands still from then on', async () => {
  const { weights, sink } = await runWith([
    { after: 0, command: { do: 'freeze', layers: ['stem', 'a.conv'] } },
  ])
  const start = new Map([...tinyParts(spec).model!.values].map(([name, { data }]) => [name, data]))
  const moved = differences(start, new Map([...weights].filter(([name]) => start.has(name))))
  expect(moved.some((name) => name.startsWith('stem.') || name === 'a.conv.weight')).toBe(false)
  expect(moved).toContain('c.conv.weight')
  const declared = sink.of('phase').at(-1)!.phase.declared
  const layers = sink.of('run-started')[0]!.layers
  expect(layers.filter((_, i) => !declared[i]!.training).map(({ name }) => name)).toEqual([
    'stem.conv',
    'stem.bn',
    'a.conv',
  ])
})

test('replayed as actions, live commands give the same weights', async () => {
  const live = await runWith([
    { after: 1, command: { do: 'freeze', layers: ['stage1'] } },
    { after: 3, command: { do: 'rate', factor: 2 } },
    { after: 4, command: { do: 'unfreeze', layers: ['stage1'] } },
  ])
  const events = live.sink.events.map((event, seq): RunEvent => ({ ...event, v: 1, seq, t: 0, attempt: 1 }))
  const again = replaySpec(spec, events)
  expect(again.train.actions).toHaveLength(3)
  const replayed = await runWith([], again)
  expect(differences(live.weights, replayed.weights)).toEqual([])
  expect(differences(live.weights, (await runWith([])).weights)).not.toEqual([])
})

test('what an attempt did after the checkpoint that a later one went on from is not replayed', () => {
  const event = (body: object, attempt: number): RunEvent =>
    ({ v: 1, seq: 0, t: 0, attempt, ...body }) as RunEvent
  const control = (step: number, factor: number, attempt: number) =>
    event({ kind: 'control', step, action: { do: 'rate', factor }, source: 'panel' }, attempt)
  const again = replaySpec(spec, [
    event({ kind: 'run-started', from: 0 }, 1),
    control(2, 0.5, 1),
    event({ kind: 'checkpoint', step: 2 }, 1),
    control(2, 0.1, 1),
    control(3, 0.2, 1),
    event({ kind: 'run-started', from: 2 }, 2),
    control(4, 3, 2),
  ])
  expect(again.train.actions).toEqual([
    { at: 2, do: { rate: 0.5 } },
    { at: 4, do: { rate: 3 } },
  ])
})

test('a paused run takes the steps it is told, pauses again, and goes on when resumed', async () => {
  const sink = new Collected()
  const queue: PendingCommand[] = [{ command: { do: 'pause' }, source: 'test' }]
  const script: ControlCommand[] = [{ do: 'step', count: 2 }, { do: 'resume' }]
  const seen: number[] = []
  const outcome = await trainRun(
    spec,
    environment(sink, {
      take: () => queue.splice(0),
      wait: () => {
        seen.push(sink.of('step').length)
        queue.push({ command: script.shift()!, source: 'test' })
        return Promise.resolve()
      },
    }),
    tinyParts(spec),
  )
  expect(seen).toEqual([0, 2])
  expect(outcome.step).toBe(6)
  expect(sink.of('state').map(({ state }) => state)).toEqual(['preparing', 'running', 'paused', 'running'])
})

test('a stopped run keeps a checkpoint and goes on from it to the same weights', async () => {
  const stopped = await runWith([{ after: 3, command: { do: 'stop' } }])
  expect(stopped.outcome).toMatchObject({ state: 'stopped', step: 3 })
  const { step, files } = stopped.sink.checkpoints.at(-1)!
  const sink = new Collected()
  await trainRun(spec, environment(sink, { resume: { step, files } }), tinyParts(spec))
  const whole = await runWith([])
  expect(differences(whole.weights, await weightsOf(sink.checkpoints.at(-1)!.files))).toEqual([])
})

test('a command that cannot be done is answered with why, and the run goes on', async () => {
  const sink = new Collected()
  const answers: string[] = []
  let asked = false
  const outcome = await trainRun(
    spec,
    environment(sink, {
      take: () => {
        if (asked) return []
        asked = true
        return [
          {
            command: { do: 'freeze', layers: ['stemm'] },
            source: 'panel',
            fail: (message) => answers.push(message),
          },
        ]
      },
    }),
    tinyParts(spec),
  )
  expect(outcome.state).toBe('finished')
  expect(answers[0]).toMatch(/'stemm' matches no layer.*did you mean 'stem'/)
  expect(sink.of('control')).toEqual([])
})

test('actions of the run file are done at their step, once', async () => {
  const file = tinySpec('full', {
    train: {
      steps: 6,
      checkpoints: { every: 1 },
      actions: [
        { at: 2, do: { rate: 0.5 } },
        { at: 4, do: 'stop' },
      ],
    },
  })
  const { sink, outcome } = await runWith([], file)
  expect(outcome).toMatchObject({ state: 'stopped', step: 4 })
  expect(sink.of('control').map(({ step, source }) => [step, source])).toEqual([
    [2, 'run file'],
    [4, 'run file'],
  ])
})
