import { UserError } from '../../spec/types'
import { RandomStream } from '../random'
import type { PlannedImage } from './batch'
import { drawTransform, type TransformDraw, type Transforms } from './transforms'
import type { Dataset, StreamState } from './types'

export interface PlannerOptions {
  batchSize: number
  transforms?: Transforms
  views?: number
  shuffle: boolean
  seed: number
  order?: ArrayLike<number>
}

/** The draw of a fixed view: depends on the seed, the file and the view's number, on nothing that was drawn before. */
export function drawView(
  transforms: Transforms | undefined,
  seed: number,
  path: string,
  view: number,
): TransformDraw | undefined {
  return transforms && drawTransform(transforms.spec, new RandomStream(seed, `view/${view}/${path}`))
}

function checkOrder(order: ArrayLike<number>, images: number): void {
  if (order.length === 0) throw new UserError('train.inputs: the batch order is empty')
  const wrong = Array.from(order).find((one) => !Number.isInteger(one) || one < 0 || one >= images)
  if (wrong !== undefined)
    throw new UserError(
      `train.inputs: the batch order names image ${wrong}, and there are ${images} training images (0 to ${images - 1})`,
    )
}

/** Decides which images come next and how they are transformed; holds all the state there is, and decodes nothing. */
export class BatchPlanner {
  private readonly items: readonly number[]
  /** Images of the train split, which an epoch is counted in also where a given order is longer or shorter. */
  private readonly perEpoch: number
  private readonly order: RandomStream
  private readonly random: RandomStream
  private epoch = 0
  private position = 0
  private epochOrder: readonly number[]
  private current: readonly number[] = []

  /** @throws UserError for an order that names images that are not there */
  constructor(
    private readonly dataset: Pick<Dataset, 'items'>,
    private readonly options: PlannerOptions,
  ) {
    const train = dataset.items.flatMap(({ split }, index) => (split === 'train' ? [index] : []))
    if (options.order) checkOrder(options.order, train.length)
    this.items = options.order ? Array.from(options.order, (position) => train[position]!) : train
    this.perEpoch = train.length
    this.order = new RandomStream(options.seed, 'order')
    this.random = new RandomStream(options.seed, 'transforms')
    this.epochOrder = this.order.state()
    this.startEpoch()
  }

  get imagesPerEpoch(): number {
    return this.items.length
  }

  next(): PlannedImage[] {
    return Array.from({ length: this.options.batchSize }, () => this.nextImage())
  }

  private nextImage(): PlannedImage {
    if (this.position === this.items.length) {
      this.epoch++
      this.position = 0
      this.epochOrder = this.order.state()
      this.startEpoch()
    }
    const drawn = this.epoch * this.items.length + this.position
    const item = this.items[this.current[this.position++]!]!
    const { transforms, views, seed } = this.options
    if (views) {
      const view = Math.floor(drawn / this.perEpoch) % views
      return { item, view, draw: drawView(transforms, seed, this.dataset.items[item]!.path, view) }
    }
    return { item, view: -1, draw: transforms && drawTransform(transforms.spec, this.random) }
  }

  private startEpoch(): void {
    const { shuffle, order } = this.options
    this.current =
      shuffle && !order ? this.order.permutation(this.items.length) : this.items.map((_, index) => index)
  }

  state(): StreamState {
    return {
      epoch: this.epoch,
      position: this.position,
      order: [...this.epochOrder],
      transforms: [...this.random.state()],
    }
  }

  restore({ epoch, position, order, transforms }: StreamState): void {
    this.epoch = epoch
    this.position = position
    this.epochOrder = [...order]
    this.order.restore(order)
    this.random.restore(transforms)
    this.startEpoch()
  }
}
