import { inspect } from 'node:util'
import { join } from 'node:path'
import type { Dataset, Split } from '../../engine/data/types'
import { RandomStream } from '../../engine/random'
import { UserError } from '../../spec'
import type * as Cell from '../cellApi'
import { DISPLAY, type Displayed } from '../display'
import type { OutputItems } from '../protocol'
import { imagesItems, MAX_IMAGES, pictureOf } from '../show/images'
import { tableItems } from '../show/table'
import type { WrittenSpec } from './specs'

type Source = Pick<Dataset, 'root' | 'classes' | 'items' | 'background'>

/** `Images` of cellApi.ts: some images of a data set, nothing decoded. */
export class ImageChoice implements Cell.Images, Displayed {
  constructor(
    readonly source: Source,
    /** Positions in the data set. */
    readonly positions: readonly number[],
    private readonly title: string,
  ) {}

  get length(): number {
    return this.positions.length
  }

  get paths(): string[] {
    return this.positions.map((i) => this.source.items[i]!.path)
  }

  sample(count: number, { seed = 1 }: { seed?: number } = {}): ImageChoice {
    if (!Number.isInteger(count) || count < 1)
      throw new UserError(`sample(${count}): give the number of images, 1 or more`)
    const left = [...this.positions]
    const random = new RandomStream(seed, 'notebook/sample')
    const drawn = Array.from({ length: Math.min(count, left.length) }, () => {
      const [one] = left.splice(random.integer(left.length), 1)
      return one!
    })
    return new ImageChoice(this.source, drawn, `${drawn.length} of the ${this.title}`)
  }

  of(name: string): ImageChoice {
    const label = this.source.classes.indexOf(name)
    if (label < 0)
      throw new UserError(`There is no class "${name}"; there are ${this.source.classes.join(', ')}.`)
    const kept = this.positions.filter((i) => this.source.items[i]!.label === label)
    return new ImageChoice(this.source, kept, `${this.title}, ${name}`)
  }

  first(count: number): ImageChoice {
    return new ImageChoice(
      this.source,
      this.positions.slice(0, Math.max(0, count)),
      `first ${count} of the ${this.title}`,
    )
  }

  get [Symbol.toStringTag](): string {
    return 'Images'
  }

  /** In one line, for the console and lists of variables. */
  [inspect.custom](): string {
    return `Images (${this.length} ${this.title})`
  }

  async [DISPLAY](): Promise<OutputItems> {
    const { root, items, classes, background } = this.source
    const images = await Promise.all(
      this.positions.slice(0, MAX_IMAGES).map(async (i) => {
        const { path, label } = items[i]!
        const actual = label < 0 ? undefined : classes[label]
        return { path, picture: await pictureOf(join(root, path), background), ...(actual && { actual }) }
      }),
    )
    const more = this.positions.length - images.length
    return imagesItems({
      v: 1,
      title: `${this.positions.length} ${this.title}${more > 0 ? `, ${images.length} shown` : ''}`,
      images,
    })
  }
}

/** `Data` of cellApi.ts. */
export class LoadedData implements Cell.Data, Displayed {
  readonly source: string
  readonly classes: string[]

  constructor(
    private readonly dataset: Dataset,
    /** As the run file has it. */
    readonly written: WrittenSpec,
  ) {
    this.source = dataset.source
    this.classes = [...dataset.classes]
  }

  get train(): ImageChoice {
    return this.split('train', 'training images')
  }

  get val(): ImageChoice {
    return this.split('val', 'validation images')
  }

  get test(): ImageChoice {
    return this.split('test', 'test images')
  }

  private split(split: Split, title: string): ImageChoice {
    const positions = this.dataset.items.flatMap((item, i) => (item.split === split ? [i] : []))
    return new ImageChoice(this.dataset, positions, title)
  }

  get [Symbol.toStringTag](): string {
    return 'Data'
  }

  /** In one line, for the console and lists of variables. */
  [inspect.custom](): string {
    return `Data (${`${this.source}, ${this.dataset.items.length} images in ${this.classes.length} classes`})`
  }

  [DISPLAY](): OutputItems {
    const { items, classes, counts, source } = this.dataset
    const of = (split: Split, label: number) =>
      items.filter((item) => item.split === split && item.label === label).length
    const splits = (['train', 'val', 'test'] as const).filter((split) => counts[split] > 0)
    return tableItems({
      v: 1,
      title: `${source}: ${splits.map((split) => `${counts[split]} ${split}`).join(', ')}`,
      columns: [
        { name: 'Class', kind: 'text' },
        ...splits.map((split) => ({ name: split, kind: 'number' as const })),
      ],
      rows: classes.map((name, label) => [name, ...splits.map((split) => of(split, label))]),
    })
  }
}
