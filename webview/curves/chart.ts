import embed, { type Result } from 'vega-embed'
import { changeset, loader, type View } from 'vega'
import { expressionInterpreter } from 'vega-interpreter'
import type { TopLevelSpec } from 'vega-lite'

/** Nothing is fetched: a chart gets its data only from the panel. */
const closedLoader = () => {
  const closed = loader()
  closed.load = () => Promise.reject(new Error('charts load nothing'))
  return closed
}

/** One chart that is drawn once and then only fed: its expressions are interpreted, since the page forbids eval. */
export class Chart {
  private constructor(private readonly result: Result) {}

  static async open(host: HTMLElement, spec: TopLevelSpec): Promise<Chart> {
    const result = await embed(host, spec, {
      ast: true,
      expr: expressionInterpreter as never,
      mode: 'vega-lite',
      renderer: 'canvas',
      actions: false,
      tooltip: false,
      defaultStyle: false,
      hover: false,
      loader: closedLoader(),
      logLevel: 1,
    })
    return new Chart(result)
  }

  private get view(): View {
    return this.result.view
  }

  /**
   * Replaces rows of a data set: of each line in `from` what lies at that step or after. Once for a data set
   * between two draws, since a second change would replace the first.
   */
  feed(
    data: string,
    from: ReadonlyMap<string, number> | 'all',
    rows: readonly { step: number; name: string }[],
  ): void {
    this.view.change(
      data,
      changeset()
        .remove(
          (row: { step: number; name: string }) =>
            from === 'all' || row.step >= (from.get(row.name) ?? Infinity),
        )
        .insert(rows as object[]),
    )
  }

  /** `floor` and `ceiling` are the ends of the value axis, for charts that have them as signals. */
  async draw(change: {
    width: number
    from: number
    to: number
    floor?: number
    ceiling?: number
  }): Promise<void> {
    this.view.width(change.width).signal('start', change.from).signal('steps', change.to)
    for (const end of ['floor', 'ceiling'] as const)
      if (change[end] !== undefined) this.view.signal(end, change[end])
    await this.view.runAsync()
  }

  /** Height of a value above the chart's top edge, in pixels. */
  y(value: number): number | undefined {
    const place = (this.view.scale('y') as (value: number) => number)(value)
    return Number.isFinite(place) ? place : undefined
  }

  /** The chart as a drawing. */
  drawing(): Promise<string> {
    return this.view.toSVG()
  }

  close(): void {
    this.result.finalize()
  }
}
