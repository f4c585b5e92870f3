import { stepsOf } from '../engine/train/length'
import type { ResolvedSpec } from '../spec'

/** What a method may spend before it is judged. Equal budgets are what makes a comparison fair. */
export interface Budget {
  name: string
  /** Optimizer steps that the run file gives. */
  steps: number
  /** Images in a step: batch size times accumulated batches. */
  imagesPerStep: number
  /** Training images. */
  training: number
  /** Runs that chose the values: trials times their seeds; 0 where nothing was tuned. */
  trials: number
}

export interface Unequal {
  what: string
  /** How it reads for each method. */
  values: { name: string; value: number }[]
}

/** @param training images */
export function budgetOf(name: string, { train, tuned }: ResolvedSpec, training: number): Budget {
  return {
    name,
    steps: stepsOf(train, training),
    imagesPerStep: train.batchSize * train.optimizer.accumulate,
    training,
    trials: tuned ? tuned.trials * tuned.seeds : 0,
  }
}

const RULES: readonly [field: keyof Omit<Budget, 'name'>, what: string][] = [
  ['steps', 'train.steps'],
  ['imagesPerStep', 'images a step (train.batchSize and accumulate)'],
  ['training', 'training images'],
  ['trials', 'tuning runs'],
]

/** Where budgets differ; empty when they are equal. */
export function findUnequal(budgets: readonly Budget[]): Unequal[] {
  return RULES.flatMap(([field, what]) =>
    budgets.every((budget) => budget[field] === budgets[0]![field])
      ? []
      : [{ what, values: budgets.map(({ name, [field]: value }) => ({ name, value })) }],
  )
}

/** `train.steps is 60 for full and L2-SP, 120 for DELTA` */
export function unequalText({ what, values }: Unequal): string {
  const names = new Map<number, string[]>()
  for (const { name, value } of values) names.set(value, [...(names.get(value) ?? []), name])
  const parts = [...names].map(([value, all]) => `${value} for ${listed(all)}`)
  return `${what}: ${parts.join(', ')}`
}

/** `a, b and c` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
