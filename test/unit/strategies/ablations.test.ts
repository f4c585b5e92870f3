import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { strategies } from '../../../src/engine/strategies/registry'
import { differences, openMember, runMember, weightsOf, type Member } from './contract'

const page = readFileSync(join(import.meta.dirname, '../../../docs/strategies/ablations.md'), 'utf8')
const rows = page
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .filter(([, name]) => strategies.has(name ?? ''))

const eight = [
  'l2-sp',
  'delta',
  'hybrid-forward',
  'fitnets',
  'l2t-ww',
  'transtailor',
  'spottune',
  'adafilter',
]

/** What makes a run so short show the learned part. */
const more: Record<string, Omit<Member, 'strategy'>> = {
  delta: {
    options: { attention: 'gradient', attentionBatches: 1, temperature: 0.1, headSteps: 1, alpha: 5 },
  },
  'l2t-ww': {
    options: { metaRate: 0.1 },
    file: { train: { optimizer: { name: 'sgd', rate: 0.03, momentum: 0.9 } } },
  },
  transtailor: { options: { rounds: 1, tau: 100, budget: 0.3 } },
  // the policy begins to tell images apart once branches differ
  spottune: { options: { blocks: 'all', policyRate: 1, compare: false }, file: { train: { steps: 8 } } },
  adafilter: { options: { width: 6, hidden: 5, bias: 0, gateRate: 1, compare: false } },
}

const ablations = rows.filter(([, , , cell]) => cell?.startsWith('{'))
const norms = rows.filter(([, , cell]) => /^(train|train_nostats|eval_affine|frozen)$/.test(cell ?? ''))

test('the page has a row of each for all eight', () => {
  expect(ablations.map(([, name]) => name)).toEqual(eight)
  expect(norms.map(([, name]) => name)).toEqual(eight)
})

const member = (name: string, options: object = {}): Member => ({
  strategy: strategies.get(name)!,
  ...more[name],
  options: { ...more[name]?.options, ...options },
})

test.each(ablations.map(([, name, , option]) => [name!, option!] as const))(
  '%s without its learned part (%s) takes another way',
  async (name, option) => {
    const final = async (options: object) => {
      const { sink } = await runMember(member(name, options))
      return weightsOf(sink.checkpoints.at(-1)!.files)
    }
    const [learned, without] = [await final({}), await final(JSON.parse(option) as object)]
    expect(learned.has('head.weight')).toBe(true)
    expect(differences(learned, without)).toContain('head.weight')
  },
)

test.each(norms.map(([, name, mode]) => [name!, mode!] as const))(
  '%s trains batch norm in mode %s by default',
  async (name, mode) => {
    const session = await openMember(member(name))
    const { phase } = session.setup.phases.at(-1)!
    expect(phase.batchNorm('a.bn')).toBe(mode)
    await session.dispose()
    const { file } = member(name)
    const changed = { ...file, train: { ...(file?.train as object), batchNorm: 'train_nostats' } }
    const other = await openMember({ ...member(name), file: changed })
    expect(other.setup.phases.at(-1)!.phase.batchNorm('a.bn')).toBe('train_nostats')
    await other.dispose()
  },
)
