import { UserError } from '../../spec'
import type * as Cell from '../cellApi'
import { withDisplay } from '../display'
import type { ComparedSide, ComparisonDisplay } from '../displays'
import type { KernelContext } from '../kernel/context'
import { comparisonItems } from '../show/comparison'
import { freezeMapDisplay } from '../show/freezeMap'
import { plain } from '../show/text'
import { NotebookSession } from './session'

/** Two sessions side by side, on the same held-out images. @throws UserError when they share none */
export async function compareSessions(
  context: KernelContext,
  a: Cell.Session,
  b: Cell.Session,
): Promise<Cell.Comparison> {
  if (!(a instanceof NotebookSession) || !(b instanceof NotebookSession))
    throw new UserError('compare(a, b): give two sessions, as `tune`, `at` and `fork` make them')
  const [one, other] = [await a.ready, await b.ready]
  const from = sharedSteps(a, b)
  const until = Math.min(a.steps, b.steps)
  const difference = await pairedDifference(a, b)
  const [left, right] = [context.nameOf(a) ?? a.name, context.nameOf(b) ?? b.name]
  const last = (session: NotebookSession) => session.record.view().latest
  const time = (session: NotebookSession) => {
    const { ms, step, started } = session.record.view()
    const taken = step - (started?.from ?? 0)
    return taken > 0 ? (ms.data + ms.compute + ms.update + ms.record) / 1000 / Math.max(1, step) : null
  }
  const [movedA, movedB] = [one.movement(), other.movement()]
  const display: ComparisonDisplay = {
    v: 1,
    a: await side(a, left, undefined),
    b: await side(b, right, from > 0 ? { until: from, with: left } : undefined),
    from,
    until,
    ...(difference && { difference: difference.shown }),
    rows: [
      ...(difference
        ? [
            {
              name: `Balanced accuracy, ${difference.shown.split}`,
              a: difference.a,
              b: difference.b,
              kind: 'number' as const,
              digits: 3,
            },
          ]
        : []),
      {
        name: 'Loss, training batch',
        a: plain(last(a)?.loss),
        b: plain(last(b)?.loss),
        kind: 'number',
        digits: 3,
      },
      { name: 'Steps', a: a.steps, b: b.steps, kind: 'number' },
      {
        name: 'Distance from w0',
        a: plain(movedA.distance),
        b: plain(movedB.distance),
        kind: 'number',
        digits: 4,
      },
      {
        name: 'Weights that moved',
        a: plain(movedA.moved),
        b: plain(movedB.moved),
        kind: 'percent',
        digits: 0,
      },
      { name: 'Seconds a step', a: time(a), b: time(b), kind: 'number', digits: 2 },
    ],
  }
  const { shown } = difference ?? {}
  const value = shown && {
    difference: {
      value: shown.value,
      low: shown.low,
      high: shown.high,
      separated: shown.separated,
      p: shown.p,
    },
  }
  return withDisplay({ ...value }, () => comparisonItems(display))
}

/** How many of the first steps both have in common. */
function sharedSteps(a: NotebookSession, b: NotebookSession): number {
  const family = (session: NotebookSession) =>
    new Map<string, number>([[session.runId, session.steps], ...session.ancestors()])
  const [left, right] = [family(a), family(b)]
  let most = 0
  for (const [run, until] of left) most = Math.max(most, Math.min(until, right.get(run) ?? 0))
  return most
}

async function side(
  session: NotebookSession,
  name: string,
  shared: ComparedSide['map']['shared'],
): Promise<ComparedSide> {
  const map = await freezeMapDisplay(session.record, 'stage', shared)
  const { steps, values } = session.record.view().series.loss ?? { steps: [], values: [] }
  const frozen = map.rows.filter(({ training }) => training.at(-1) === false).map((row) => row.name)
  const rows = map.rows.length
  const still =
    frozen.length === 0
      ? 'nothing frozen'
      : frozen.length === 1 || frozen.length > rows - 2
        ? `${frozen.length} of ${rows} stages frozen`
        : `${frozen[0]} to ${frozen.at(-1)} frozen`
  return {
    name,
    what: `${session.title}, ${still}`,
    map,
    loss: { steps: [...steps], values: values.map((value) => plain(value)) },
  }
}

async function pairedDifference(a: NotebookSession, b: NotebookSession) {
  const [one, other] = [(await a.ready).setup.images.dataset, (await b.ready).setup.images.dataset]
  const split = one.counts.val > 0 && other.counts.val > 0 ? 'val' : 'test'
  const paths = (dataset: typeof one) =>
    dataset.items.filter((item) => item.split === split).map(({ path, label }) => `${label}/${path}`)
  const [left, right] = [paths(one), paths(other)]
  if (left.length === 0 || left.join('\n') !== right.join('\n')) return undefined
  const { balancedAccuracy, comparePaired, confusionMatrix, predict } = await import('../../engine/evaluate')
  const classes = one.classes.length
  const scores = [await a.scores(split), await b.scores(split)] as const
  const { labels } = scores[0]
  const predicted = scores.map(({ logits }) => predict({ logits, labels, classes }).predicted)
  const paired = comparePaired({ labels, classes, a: predicted[0]!, b: predicted[1]! })
  const accuracy = (given: Int32Array) => balancedAccuracy(confusionMatrix(labels, given, classes))
  return {
    a: accuracy(predicted[0]!),
    b: accuracy(predicted[1]!),
    shown: {
      metric: 'balancedAccuracy' as const,
      split: split as 'val' | 'test',
      count: paired.count,
      value: paired.difference,
      low: paired.interval.low,
      high: paired.interval.high,
      separated: paired.verdict === 'separated',
      onlyA: paired.onlyA,
      onlyB: paired.onlyB,
      p: paired.p,
    },
  }
}
