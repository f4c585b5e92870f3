import { describe } from 'vitest'
import { cutsOf } from '../../src/engine/strategies/hybrid-forward/cuts'
import type { Options } from '../../src/engine/strategies/hybrid-forward/meta'
import { tinySpec } from '../unit/train/fixture'
import { residualModel } from './networks'
import { repeats, type Recorded } from './support'

const spec = (options: Record<string, unknown>) =>
  tinySpec(
    { name: 'hybrid-forward', compare: false, ...options },
    {
      model: { headStd: 0.5 },
      train: {
        steps: 8,
        batchNorm: 'train',
        optimizer: { name: 'sgd', rate: 0.01, momentum: 0.9, weightDecay: 0.01 },
      },
    },
  )

/** Three stages at 8, 4 and 2 pixels; the teacher is wider everywhere but in the first. */
const student = residualModel({ widths: [4, 6, 8], blocks: [1, 1, 1] })
const teacher = residualModel({ seed: 12, widths: [4, 8, 10], blocks: [2, 1, 1] })

function told({ session: { setup } }: Recorded) {
  const cuts = cutsOf(setup.graph, setup.teacher!.graph, setup.size, setup.options as Options)
  return {
    cuts: cuts.map((cut) => ({ student: cut.student.layer, teacher: cut.teacher.layer })),
    sizes: cuts.map((cut) => ({
      student: cut.student.shape.slice(0, 2),
      teacher: cut.teacher.shape.slice(0, 2),
    })),
  }
}

const mistakes = [
  'statistics of every path',
  'no gradient through the teacher',
  'weights carry gradients',
  'corners aligned',
]

describe.each([
  ['match, cuts of unequal size', { cuts: [{ student: 'stage1', teacher: 'stage2' }] }, mistakes],
  [
    'ema, random crossings, the teacher on batch statistics',
    { balance: 'ema', smoothing: 0.6, routes: 'random', teacherNorms: 'batch', adapters: 'all' },
    [],
  ],
  ['schedule', { balance: 'schedule' }, []],
  ['one stage, fixed', { balance: 'fixed', alpha: 0.4, cuts: 0 }, []],
] as const)('Hybrid Forward, %s', (_name, options, seen) => {
  repeats('hybrid-forward.py', spec(options), { model: student, parts: { teacher }, mistakes: seen, told })
})
