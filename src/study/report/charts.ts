import type { TopLevelSpec } from 'vega-lite'
import type { Analysis } from '../analysis'

/** Colours that read in print and by people who do not tell red from green. */
const BLUE = '#1f5fa8'
const GREY = '#767676'
const MUTED = '#6f9fd8'

const CONFIG = {
  background: 'white',
  font: 'Helvetica, Arial, sans-serif',
  axis: {
    grid: true,
    gridColor: '#e8e8e8',
    domainColor: '#888',
    tickColor: '#888',
    labelColor: '#333',
    titleColor: '#333',
    titleFontWeight: 'normal',
    labelLimit: 600,
  },
  title: { anchor: 'start', fontSize: 13, subtitleColor: '#555', subtitlePadding: 4 },
  view: { stroke: null },
} as const

const common = (
  title: string,
  subtitle: string[],
): Pick<TopLevelSpec, '$schema' | 'config' | 'title'> & { padding: number } => ({
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  config: CONFIG as never,
  padding: 10,
  title: { text: title, subtitle },
})

const overSeeds = (seeds: readonly number[]): string =>
  seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`

const ROW = 30
const WIDTH = 480

/** The pictures of a report by file name without ending; each is a whole Vega-Lite specification with its data. */
export function charts(analysis: Analysis): Record<string, TopLevelSpec> {
  return {
    accuracy: accuracy(analysis),
    differences: differences(analysis),
    ...(analysis.methods.every(({ seconds }) => Number.isFinite(seconds)) && { cost: cost(analysis) }),
  }
}

function accuracy({ methods, data, seeds }: Analysis): TopLevelSpec {
  const names = methods.map(({ name }) => name)
  const y = { field: 'method', type: 'nominal', sort: names, title: null } as const
  const x = (field: string) =>
    ({ field, type: 'quantitative', title: 'balanced accuracy', scale: { zero: false, nice: true } }) as const
  return {
    ...common('Balanced accuracy on the test images', [
      `Point: mean over ${overSeeds(seeds)}; ticks: each seed; ${data.test} images.`,
      'Line: 95 % interval for other seeds and other test images.',
    ]),
    width: WIDTH,
    height: ROW * names.length,
    layer: [
      {
        data: { values: methods.map(({ name, summary: { low, high } }) => ({ method: name, low, high })) },
        mark: { type: 'rule', strokeWidth: 2, color: BLUE },
        encoding: { y, x: x('low'), x2: { field: 'high' } },
      },
      {
        data: {
          values: methods.flatMap(({ name, seeds: rows }) =>
            rows.map(({ seed, metrics }) => ({ method: name, seed, accuracy: metrics.balancedAccuracy })),
          ),
        },
        mark: { type: 'tick', thickness: 2, size: 14, color: MUTED },
        encoding: { y, x: x('accuracy') },
      },
      {
        data: { values: methods.map(({ name, summary: { mean } }) => ({ method: name, mean })) },
        mark: { type: 'point', filled: true, size: 90, color: BLUE, opacity: 1 },
        encoding: { y, x: x('mean') },
      },
    ],
  }
}

function differences({ comparisons, seeds }: Analysis): TopLevelSpec {
  const rows = comparisons.map(({ a, b, difference, low, high, verdict }) => ({
    pair: `${b} against ${a}`,
    difference,
    low,
    high,
    verdict,
  }))
  const y = { field: 'pair', type: 'nominal', sort: rows.map(({ pair }) => pair), title: null } as const
  const color = {
    field: 'verdict',
    type: 'nominal',
    title: 'after Holm',
    scale: { domain: ['separated', 'not separated'], range: [BLUE, GREY] },
  } as const
  const x = { type: 'quantitative', title: 'difference in balanced accuracy' } as const
  return {
    ...common('Paired differences', [
      `Mean over ${overSeeds(seeds)} on the same test images, with its 95 % interval.`,
      'The verdict counts all pairs (Holm).',
    ]),
    width: WIDTH,
    height: ROW * rows.length,
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: 'rule', color: '#333', strokeDash: [4, 3] },
        encoding: { x: { field: 'zero', ...x } },
      },
      {
        data: { values: rows },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { y, x: { field: 'low', ...x }, x2: { field: 'high' }, color },
      },
      {
        data: { values: rows },
        mark: { type: 'point', filled: true, size: 90, opacity: 1 },
        encoding: { y, x: { field: 'difference', ...x }, color },
      },
    ],
  }
}

function cost({ methods }: Analysis): TopLevelSpec {
  const values = methods.map(({ name, summary: { mean, low, high }, seconds }) => ({
    method: name,
    mean,
    low,
    high,
    seconds,
  }))
  const x = {
    field: 'seconds',
    type: 'quantitative',
    title: 'seconds a run',
    scale: { zero: true, nice: true },
  } as const
  const y = (field: string) =>
    ({ field, type: 'quantitative', title: 'balanced accuracy', scale: { zero: false, nice: true } }) as const
  return {
    ...common('Accuracy against time', [
      'Mean over the seeds; line: 95 % interval.',
      'Times are of one machine, with what else ran on it.',
    ]),
    width: WIDTH,
    height: 240,
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 2, color: MUTED },
        encoding: { x, y: y('low'), y2: { field: 'high' } },
      },
      {
        mark: { type: 'point', filled: true, size: 90, color: BLUE, opacity: 1 },
        encoding: { x, y: y('mean') },
      },
      {
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 11, color: '#333' },
        encoding: { x, y: y('mean'), text: { field: 'method' } },
      },
    ],
  }
}
