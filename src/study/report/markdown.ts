import type { Analysis, MethodRow } from '../analysis'

const share = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '')
const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`
const chance = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3))

/** `report.md`: what may be said first, then the tables it comes from. */
export function markdown(analysis: Analysis, pictures: readonly string[]): string {
  const { data, methods, seeds } = analysis
  const has = (name: string) => (pictures.includes(name) ? [`![${name}](${name}.svg)`] : [])
  return `${[
    `# Comparison of ${methods.length} methods`,
    `\`${data.source}\`: ${data.classes} classes, ${data.train} training, ${data.val} validation and ${data.test} test images; ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}.`,
    '## Reading',
    analysis.reading.map((sentence) => `- ${sentence}`).join('\n'),
    '## Methods',
    ...has('accuracy'),
    methodTable(methods),
    '## Differences',
    ...has('differences'),
    differenceTable(analysis),
    ...has('cost'),
    ...tuned(methods),
    '## Runs',
    runTable(methods),
    '## How it was counted',
    METHOD,
  ].join('\n\n')}\n`
}

const METHOD = `Balanced accuracy is the mean of the classes' recalls. Intervals and tests count two sources of chance, other seeds and other test images: the variance of a mean is that over the seeds plus that over the images of each class (degrees of freedom after Satterthwaite), 95 %, two-sided t-test of the paired difference, p after Holm for all pairs. "Could tell" is the true difference that would be found separated four times of five with a standard error as seen here. \`report.json\` holds all numbers; each picture is a Vega-Lite file beside its SVG.`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function methodTable(methods: readonly MethodRow[]): string {
  const rows = [...methods].sort((a, b) => b.summary.mean - a.summary.mean)
  return table(
    [
      'method',
      'strategy',
      'balanced accuracy (95 %)',
      'log-loss',
      'seconds',
      'weights moved',
      'distance',
      'seeds',
    ],
    rows.map(({ name, strategy, summary: { mean, low, high }, logLoss, seconds, moved, distance, seeds }) => [
      name,
      `\`${strategy}\``,
      `${share(mean)} (${share(low)} to ${share(high)})`,
      share(logLoss),
      Number.isFinite(seconds) ? seconds.toFixed(0) : '',
      moved === null ? '' : `${(100 * moved).toFixed(0)} %`,
      distance === null ? '' : share(distance),
      String(seeds.length),
    ]),
  )
}

function differenceTable({ comparisons }: Analysis): string {
  return table(
    ['pair', 'difference (95 %)', 'p', 'p (Holm)', 'verdict', 'could tell'],
    comparisons.map(({ a, b, difference, low, high, p, adjusted, verdict, detectable }) => [
      `${b} against ${a}`,
      `${signed(difference)} (${signed(low)} to ${signed(high)})`,
      chance(p),
      chance(adjusted),
      verdict,
      share(detectable),
    ]),
  )
}

function tuned(methods: readonly MethodRow[]): string[] {
  const rows = methods.filter(({ tuned }) => tuned)
  if (rows.length === 0) return []
  return [
    '## Tuning',
    table(
      ['method', 'trials', 'best on the validation images', 'values'],
      rows.map(({ name, tuned }) => [
        name,
        String(tuned!.trials),
        `${tuned!.metric} ${share(tuned!.value)}`,
        Object.entries(tuned!.values ?? {})
          .map(([path, value]) => `\`${path}\` ${JSON.stringify(value)}`)
          .join(', '),
      ]),
    ),
  ]
}

function runTable(methods: readonly MethodRow[]): string {
  return table(
    [
      'method',
      'seed',
      'balanced accuracy (95 % of the images)',
      'accuracy',
      'log-loss',
      'seconds',
      'steps',
      'computed by',
    ],
    methods.flatMap(({ name, seeds }) =>
      seeds.map(({ seed, metrics, seconds, steps, computed }) => [
        name,
        String(seed),
        `${share(metrics.balancedAccuracy)} (${share(metrics.low)} to ${share(metrics.high)})`,
        share(metrics.accuracy),
        share(metrics.logLoss),
        seconds.toFixed(0),
        String(steps),
        computed,
      ]),
    ),
  )
}
