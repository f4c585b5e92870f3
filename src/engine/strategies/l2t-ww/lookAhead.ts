import type { Tensor } from '@tensorflow/tfjs-core'
import { keptGradients, tf, valueAndGradients, type KeptGradients } from '../../backend'
import { createBank } from '../../network'
import type { ParameterBank, ParameterSource } from '../../network/types'
import type { Optimizer, ParameterRate } from '../../optim/types'
import { yieldNow } from '../../train/yieldNow'

/** One step of the look-ahead: what it descends on. */
export interface InnerStep {
  /** A scalar; called again for the replay, and must give the same (dropout masks and all). */
  loss(parameters: ParameterSource): Tensor
  /** Whether it depends on the outer variables. */
  outer: boolean
  /** Parameters that the step leaves alone, momentum and decay included. */
  rests?: ReadonlySet<string>
}

export interface LookAhead {
  /** What moves, by name; the tensors stay the caller's and keep their values. */
  from: ReadonlyMap<string, Tensor>
  /** All else that a loss reads. */
  others: ParameterSource
  /** SGD that holds the momentum to start from; it is moved on. */
  optimizer: Optimizer
  momentum: number
  rates(name: string): ParameterRate
  steps: readonly InnerStep[]
  /** Outer loss at the values after the last step, a scalar. */
  objective(parameters: ParameterSource): Tensor
  /** Outer variables, constants of the inner steps. */
  variables: readonly Tensor[]
}

export interface OuterGradient {
  /** d objective / d variables, through every step; the caller's to dispose. */
  gradients: Tensor[]
  /** Losses of the inner steps, each before its update, and the outer loss. */
  losses: number[]
  objective: number
}

/** Steps, counted from the last, whose both passes stay in memory until they are gone back over: all of them at T = 2. */
export const HELD = 3

/** A step that was taken. */
interface Taken {
  step: InnerStep
  /** Before its update. */
  values: ReadonlyMap<string, Tensor>
  /** Its gradient; missing where it is computed again, so that memory does not grow with the number of steps. */
  kept?: KeptGradients
}

/**
 * Gradient of an outer loss after some steps of SGD by variables that the steps' losses hold constant: the recurrence of
 * strategies.md section 4.3 (alinlab/L2T-ww, train/meta_optimizers.py), which goes back over each step by itself instead
 * of keeping one graph over all. With v <- mu v + g + wd theta and theta <- theta - lr v, a0 = d objective / d theta and
 * a1 that by the momentum; going back over a step, u = a1 - lr a0 and X = <g(theta), u>: gradients += dX/dvariables;
 * a0 <- a0 + wd u + dX/dtheta; a1 <- mu u.
 */
export async function lookAhead(task: LookAhead): Promise<OuterGradient> {
  const { from, optimizer, steps, rates, objective } = task
  const bank = createBank(new Map())
  const taken: Taken[] = []
  const losses: number[] = []
  try {
    for (const [name, value] of from) bank.set(name, tf.clone(value))
    for (const [i, step] of steps.entries()) {
      const values = new Map([...from.keys()].map((name) => [name, tf.clone(bank.get(name))]))
      const one: Taken = { step, values }
      taken.push(one)
      losses.push(await descend(task, one, bank, steps.length - i <= HELD))
      await yieldNow()
    }
    const { value, pulls } = await atTheEnd(task, bank, objective)
    const back = new Recurrence(task, pulls, rates)
    try {
      while (taken.length > 0) {
        const one = taken.pop()!
        try {
          back.over(one, taken.length === 0)
        } finally {
          letGo(one)
        }
        await yieldNow()
      }
      return { gradients: back.take(), losses, objective: value }
    } finally {
      back.dispose()
    }
  } finally {
    bank.dispose()
    taken.forEach(letGo)
    optimizer.dispose()
  }
}

function letGo({ values, kept }: Taken): void {
  kept?.dispose()
  tf.dispose([...values.values()])
}

const gradientOf = ({ step, values }: Taken, others: ParameterSource): KeptGradients =>
  keptGradients(() => step.loss(source(values, others)), [...values.values()])

const source = (own: ReadonlyMap<string, Tensor>, others: ParameterSource): ParameterSource => ({
  get: (name) => own.get(name) ?? others.get(name),
})

const sourceOf = (bank: ParameterBank, others: ParameterSource): ParameterSource => ({
  get: (name) => (bank.has(name) ? bank.get(name) : others.get(name)),
})

async function descend(
  { optimizer, others, rates }: LookAhead,
  taken: Taken,
  bank: ParameterBank,
  held: boolean,
): Promise<number> {
  const { step, values } = taken
  if (held) taken.kept = gradientOf(taken, others)
  const { loss, gradients } =
    taken.kept ?? valueAndGradients(() => step.loss(source(values, others)), [...values.values()])
  const moving = [...values.keys()].flatMap((name, i) =>
    step.rests?.has(name) ? [] : [[name, gradients[i]!] as const],
  )
  optimizer.apply(bank, new Map(moving), rates)
  tf.dispose(gradients)
  const [value] = await loss.data()
  loss.dispose()
  return value!
}

async function atTheEnd(
  { others }: LookAhead,
  bank: ParameterBank,
  objective: LookAhead['objective'],
): Promise<{ value: number; pulls: Map<string, Tensor> }> {
  const names = bank.names()
  const inputs = names.map((name) => bank.get(name))
  const { loss, gradients } = valueAndGradients(() => objective(sourceOf(bank, others)), inputs)
  const [value] = await loss.data()
  loss.dispose()
  return { value: value!, pulls: new Map(names.map((name, i) => [name, gradients[i]!])) }
}

/** a0, a1 and the sum of the outer gradient, going backwards. */
class Recurrence {
  private readonly byMomentum = new Map<string, Tensor>()
  private sums: Tensor[]

  constructor(
    private readonly task: LookAhead,
    private readonly byValue: Map<string, Tensor>,
    private readonly rates: LookAhead['rates'],
  ) {
    this.sums = task.variables.map((variable) => tf.zerosLike(variable))
  }

  /** @param first nothing lies before this step: how the loss depends on its values is not asked */
  over(taken: Taken, first: boolean): void {
    const { step, values } = taken
    const { variables } = this.task
    const names = [...values.keys()]
    const directions = new Map(
      names.flatMap((name) => (step.rests?.has(name) ? [] : [[name, this.direction(name)] as const])),
    )
    const outer = step.outer ? variables : []
    const inner = first ? [] : names
    const inputs = [...outer, ...inner.map((name) => values.get(name)!)]
    const slopes =
      inputs.length > 0
        ? this.along(
            taken,
            names.map((name) => directions.get(name)),
            inputs,
          )
        : []
    this.sums = this.sums.map((sum, i) => (step.outer ? replaced(sum, slopes[i]!) : sum))
    const byInner = new Map(inner.map((name, i) => [name, slopes[outer.length + i]!]))
    for (const name of names) this.advance(name, directions.get(name), byInner.get(name))
    tf.dispose([...slopes, ...directions.values()])
  }

  private along(taken: Taken, directions: readonly (Tensor | undefined)[], by: readonly Tensor[]): Tensor[] {
    if (taken.kept) return taken.kept.along(directions, by)
    const again = gradientOf(taken, this.task.others)
    try {
      return again.along(directions, by)
    } finally {
      tf.dispose([again.loss, ...again.gradients])
    }
  }

  take(): Tensor[] {
    const taken = this.sums
    this.sums = []
    return taken
  }

  dispose(): void {
    tf.dispose([...this.sums, ...this.byValue.values(), ...this.byMomentum.values()])
  }

  /** u = a1 - lr a0 */
  private direction(name: string): Tensor {
    const { rate } = this.rates(name)
    const a1 = this.byMomentum.get(name)
    return tf.tidy(() => {
      const step = tf.mul(this.byValue.get(name)!, -rate)
      return a1 ? tf.add(a1, step) : step
    })
  }

  private advance(name: string, u: Tensor | undefined, slope: Tensor | undefined): void {
    const a0 = this.byValue.get(name)!
    const next = tf.tidy(() => {
      const { weightDecay } = this.rates(name)
      const decayed = u && weightDecay !== 0 ? tf.add(a0, tf.mul(u, weightDecay)) : tf.clone(a0)
      return slope ? tf.add(decayed, slope) : decayed
    })
    a0.dispose()
    this.byValue.set(name, next)
    if (!u) return
    this.byMomentum.get(name)?.dispose()
    this.byMomentum.set(name, tf.mul(u, this.task.momentum))
  }
}

/** Sum of both; the first is disposed of. */
function replaced(sum: Tensor, part: Tensor): Tensor {
  const total: Tensor = tf.add(sum, part)
  sum.dispose()
  return total
}
