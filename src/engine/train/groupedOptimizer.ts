import type { Tensor } from '@tensorflow/tfjs-core'
import type { ParameterBank } from '../network/types'
import type { Optimizer, ParameterRate } from '../optim/types'

/** Several optimizers as one: each parameter goes to that of its group. Slots stay by parameter name. */
export class GroupedOptimizer implements Optimizer {
  constructor(
    private readonly main: Optimizer,
    private readonly groups: ReadonlyMap<string, Optimizer>,
    private readonly groupOf: (name: string) => string | undefined,
  ) {}

  get name(): string {
    return this.main.name
  }

  apply(
    bank: ParameterBank,
    gradients: ReadonlyMap<string, Tensor>,
    rates: (name: string) => ParameterRate,
  ): void {
    for (const [optimizer, own] of this.divide(gradients)) optimizer.apply(bank, own, rates)
  }

  slots(): Map<string, Tensor> {
    return new Map(this.all().flatMap((optimizer) => [...optimizer.slots()]))
  }

  restore(slots: Map<string, Tensor>): void {
    const divided = new Map(this.all().map((optimizer) => [optimizer, new Map<string, Tensor>()]))
    for (const [key, tensor] of slots)
      divided.get(this.of(key.slice(0, key.lastIndexOf('/'))))!.set(key, tensor)
    for (const [optimizer, own] of divided) optimizer.restore(own)
  }

  reset(names?: readonly string[]): void {
    for (const optimizer of this.all()) optimizer.reset(names?.filter((name) => this.of(name) === optimizer))
  }

  dispose(): void {
    for (const optimizer of this.all()) optimizer.dispose()
  }

  private all(): Optimizer[] {
    return [this.main, ...this.groups.values()]
  }

  private of(name: string): Optimizer {
    return this.groups.get(this.groupOf(name) ?? '') ?? this.main
  }

  private divide(gradients: ReadonlyMap<string, Tensor>): Map<Optimizer, Map<string, Tensor>> {
    const divided = new Map<Optimizer, Map<string, Tensor>>()
    for (const [name, gradient] of gradients) {
      const optimizer = this.of(name)
      const own = divided.get(optimizer)
      if (own) own.set(name, gradient)
      else divided.set(optimizer, new Map([[name, gradient]]))
    }
    return divided
  }
}
