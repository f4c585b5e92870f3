import type { Analysis } from './analysis'
import { listed, unequalText } from './budget'

const points = (value: number): string => value.toFixed(3)
const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`

/** What a comparison says and what it does not, in sentences. */
export function reading(found: Omit<Analysis, 'reading'>): string[] {
  return [
    ...verdicts(found),
    ...testSize(found),
    ...budgets(found),
    ...chance(found),
    ...failures(found),
    ...differences(found),
  ]
}

function verdicts({ comparisons, methods }: Omit<Analysis, 'reading'>): string[] {
  const separated = comparisons.filter(({ verdict }) => verdict === 'separated')
  if (separated.length === 0)
    return [
      `**The methods are not separated.** No difference between two of these ${methods.length} is larger than chance makes it; the order of the table is no ranking.`,
    ]
  const told = separated.map(({ a, b, difference, low, high }) => {
    const [better, worse] = difference > 0 ? [b, a] : [a, b]
    const range = difference > 0 ? [low, high] : [-high, -low]
    return `**${better} is better than ${worse}**: ${signed(Math.abs(difference))} (${signed(range[0]!)} to ${signed(range[1]!)}).`
  })
  const rest = comparisons.length - separated.length
  return [
    ...told,
    ...(rest > 0
      ? [
          `The other ${rest === 1 ? 'pair is' : `${rest} pairs are`} not separated: there the order of the table is no ranking.`,
        ]
      : []),
  ]
}

/** Whether this test set could have told at all. */
function testSize({ comparisons, data, seeds }: Omit<Analysis, 'reading'>): string[] {
  const unseen = comparisons.filter(({ verdict }) => verdict === 'not separated')
  if (unseen.length === 0) return []
  const least = Math.min(...unseen.map(({ detectable }) => detectable))
  const most = Math.max(...unseen.map(({ detectable }) => detectable))
  const largest = Math.max(...unseen.map(({ difference }) => Math.abs(difference)))
  const range = points(least) === points(most) ? points(least) : `${points(least)} to ${points(most)}`
  return [
    `**The test set is ${unseen.every(({ difference, detectable }) => Math.abs(difference) < detectable) ? 'too small to tell the differences seen here' : 'small for differences of this size'}.** With ${data.test} test images and ${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`} a true difference has to be about ${range} to be found four times of five; the largest one that was not separated is ${points(largest)}. "Not separated" does not say that the methods are equally good.`,
  ]
}

function budgets({ unequal, methods }: Omit<Analysis, 'reading'>): string[] {
  if (unequal.length > 0)
    return [
      `**The budgets are unequal**, so a difference may be one of budget: ${unequal.map(unequalText).join('; ')}.`,
    ]
  const { steps, imagesPerStep, training, trials } = methods[0]!.budget
  return [
    `Equal budgets: ${steps} steps of ${imagesPerStep} images from ${training} training images, ${trials === 0 ? 'nothing tuned' : `${trials} tuning runs on the validation images`}. The rule counts steps, not time.`,
  ]
}

function chance({ seeds, methods }: Omit<Analysis, 'reading'>): string[] {
  if (seeds.length === 1)
    return ['One seed says nothing of other seeds: the intervals are of the test images alone.']
  const missing = methods.filter((method) => method.seeds.length < seeds.length)
  return missing.length > 0
    ? [
        `${listed(missing.map(({ name }) => name))} ${missing.length === 1 ? 'has' : 'have'} fewer seeds; pairs are compared over the seeds they share.`,
      ]
    : []
}

function failures({ methods }: Omit<Analysis, 'reading'>): string[] {
  return methods.flatMap(({ name, failed }) =>
    failed.map(({ seed, message }) => `${name}, seed ${seed} failed and is left out: ${message}.`),
  )
}

/** What differs beside the strategy. */
function differences({ methods }: Omit<Analysis, 'reading'>): string[] {
  const out: string[] = []
  const networks = new Map(methods.map(({ name, network }) => [name, network]))
  if (new Set(networks.values()).size > 1)
    out.push(
      `The networks differ: ${[...networks].map(([name, network]) => `${network} for ${name}`).join(', ')}.`,
    )
  const taken = methods.filter(({ budget, seeds }) => seeds.some(({ steps }) => steps !== budget.steps))
  for (const { name, budget, seeds } of taken)
    out.push(
      `${name} took ${listed([...new Set(seeds.map(({ steps }) => String(steps)))])} of its ${budget.steps} steps${seeds.every(({ steps }) => steps === 0) ? ': its head is solved at once' : ''}.`,
    )
  const computed = new Set(methods.flatMap(({ seeds }) => seeds.map((row) => row.computed)))
  if (computed.size > 1)
    out.push(
      `The runs were computed by ${listed([...computed])}: times do not compare, and weights differ in the last digits.`,
    )
  return out
}
