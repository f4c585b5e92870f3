import { describe, expect, test } from 'vitest'
import { LineDisplay } from '../../../src/cli/displays'
import { exitCodeOf } from '../../../src/runner/follow'
import { comparisonText } from '../../../src/cli/render/comparison'
import { demoReading, demoTable, type DemoRow } from '../../../src/cli/render/demo'
import { bytes, duration, number, percent } from '../../../src/cli/render/numbers'
import { progressLine } from '../../../src/cli/render/progress'
import { layerRows, showText } from '../../../src/cli/render/show'
import { eventCount, fakeTerminal, metrics, viewAfter } from './fixture'

const row = (name: string, balancedAccuracy: number, transfer: boolean): DemoRow => ({
  name,
  balancedAccuracy,
  low: balancedAccuracy - 0.06,
  high: balancedAccuracy + 0.06,
  seconds: 65,
  moved: transfer ? 0.5 : 1,
  distance: 0.0123,
  run: 'r',
  transfer,
})

describe('the demo', () => {
  const rows = [row('scratch', 0.4, false), row('probe', 0.7, true), row('full', 0.72, true)]

  test('has one table', () => {
    expect(`\n${demoTable(rows)}\n`).toBe(`
how      balanced accuracy (95 % interval)        time  weights moved  distance
scratch  0.400 (0.340 to 0.460)             1 min 05 s          100 %         -
probe    0.700 (0.640 to 0.760)             1 min 05 s           50 %     0.012
full     0.720 (0.660 to 0.780)             1 min 05 s           50 %     0.012
`)
  })

  test('says that transfer wins only where no interval overlaps, and ranks no strategies that overlap', () => {
    const said = demoReading(rows, 229).join('\n')
    expect(said).toContain('Transfer beats scratch: even probe lies above scratch, and no interval overlaps')
    expect(said).toContain('(best against best +0.320)')
    expect(said).toContain('probe and full are not separated')
  })

  test('does not claim what overlaps', () => {
    const close = [row('scratch', 0.65, false), row('probe', 0.7, true)]
    const said = demoReading(close, 229).join('\n')
    expect(said).toContain('this run does not show a difference')
    expect(said).not.toContain('beats')
  })

  test('names which strategies are clear of scratch when only some are', () => {
    const said = demoReading(
      [row('scratch', 0.6, false), row('probe', 0.62, true), row('full', 0.8, true)],
      229,
    ).join('\n')
    expect(said).toContain('full above scratch without overlap')
    expect(said).toContain('for probe the intervals overlap')
    expect(said).toContain('Separated: probe and full')
  })
})

describe('progress', () => {
  test('tells what is being done, then step, loss and time left', () => {
    expect(progressLine(viewAfter(1))).toBe('loads network and images')
    expect(progressLine(viewAfter(7))).toBe('step 4/10, loss 0.5, 1.0 s a step, 6.0 s left')
    expect(progressLine(viewAfter())).toBe('done in 12 s, balanced accuracy 0.700 (0.600 to 0.800)')
  })

  test('as lines: everything that happens once, the steps at most each five seconds', () => {
    const lines: string[] = []
    let now = 0
    const display = new LineDisplay(
      (text) => lines.push(text),
      5000,
      () => now,
    )
    for (let count = 1; count <= eventCount; count++) {
      now += 1000
      display.update('r1', 'full', viewAfter(count))
    }
    expect(lines).toEqual([
      'full: loads network and images',
      'full: net on wasm (WebAssembly SIMD, 1 thread); 2 classes, 40 images to train, 20 to test',
      'full: step 3/10, loss 0.6667, 1.0 s a step, 7.0 s left',
      'full: ALARM at step 4 (frozen-moved, conv1): conv1 is declared frozen and moved',
      'full: step 4: test balanced accuracy 0.700 (0.600 to 0.800), log-loss 0.5',
      'full: done in 12 s, balanced accuracy 0.700 (0.600 to 0.800)',
    ])
  })
})

test('a shown run has its facts, alarms, confusion and what each stage did', () => {
  const view = viewAfter()
  const layers = layerRows(view, { distance: [0, 0.25, 1.5] }, false)
  const text = showText({ id: 'r1', path: 'runs/r1', state: 'finished', view, layers }, fakeTerminal())
  expect(`\n${text}\n`).toBe(`
full  r1

state       done in 12 s, balanced accuracy 0.700 (0.600 to 0.800)
strategy    Full fine-tuning (full)
network     thaw:net, net, 1.50 M values
data        photos, 2 classes, 40 to train, 0 to validate, 20 to test
back end    wasm (WebAssembly SIMD, 1 thread), seed 1
moved       50 % of the backbone’s weights, distance 0.010
folder      runs/r1

alarm at step 4 (frozen-moved, conv1): conv1 is declared frozen and moved

test, step 4: balanced accuracy 0.700 (0.600 to 0.800) on 20 images
accuracy 0.750, macro F1 0.690, log-loss 0.5, calibration error 0.100

true \\ predicted  cat  dog
cat                 7    3
dog                 3    7

layers  values  declared  distance
stem       300  partly        0.25
head        20  training       1.5
`)
})

test('a comparison has a verdict for each pair, and says what one seed cannot', () => {
  const run = (id: string) => ({
    run: id,
    name: id,
    strategy: 'full',
    seed: 1,
    metrics,
    seconds: 3,
    moved: 0,
    distance: 0,
    computed: 'native, bfloat16',
  })
  const text = comparisonText({
    runs: [run('a'), run('b')],
    pairs: [
      {
        a: 'a',
        b: 'b',
        count: 20,
        onlyA: 1,
        onlyB: 4,
        difference: 0.15,
        interval: { low: -0.05, high: 0.3 },
        p: 0.375,
        adjusted: 0.375,
        verdict: 'not separated',
      },
    ],
    groups: [],
    overSeeds: [],
  })
  expect(text).toContain('b against a  +0.150 (-0.050 to +0.300)           4 : 1     0.375  not separated')
  expect(text).toContain('native, bfloat16')
  expect(text).toContain('One run a side says nothing about other seeds')
})

test('numbers never round something to nothing, nor nearly all to all', () => {
  expect([0, 1e-6, 0.0004, 0.123, 0.9996, 1, NaN].map(percent)).toEqual([
    '0 %',
    '< 0.01 %',
    '0.04 %',
    '12 %',
    '> 99.9 %',
    '100 %',
    '-',
  ])
  expect([0.5, 59.6, 125, 7500].map(duration)).toEqual(['0.5 s', '1 min 00 s', '2 min 05 s', '2 h 05 min'])
  expect([12, 4_800_000, 123_456].map(bytes)).toEqual(['12 B', '4.8 MB', '123 kB'])
  expect([0.00001, 1.23456, NaN, Infinity].map(number)).toEqual(['1.00e-5', '1.235', 'NaN', 'Infinity'])
})

test('a run that ended tells the documented exit code', () => {
  const ended = (state: 'finished' | 'stopped' | 'failed', exitCode?: number) => ({
    how: 'ended' as const,
    view: { ...viewAfter(), ended: { state, step: 1, seconds: 1, moved: 0, distance: 0, exitCode } },
  })
  expect(exitCodeOf(ended('finished'))).toBe(0)
  expect(exitCodeOf(ended('failed'))).toBe(1)
  expect(exitCodeOf(ended('failed', 2))).toBe(2)
  expect(exitCodeOf(ended('failed', 3))).toBe(3)
  expect(exitCodeOf(ended('stopped'))).toBe(130)
  expect(exitCodeOf({ how: 'interrupted', view: viewAfter(5) })).toBe(1)
})
