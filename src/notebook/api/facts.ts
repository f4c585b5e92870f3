import type { TrainingSession } from '../../engine/train'
import type * as Cell from '../cellApi'
import type { SessionDisplay } from '../displays'
import type { OutputItems } from '../protocol'
import { tableItems } from '../show/table'
import { count } from '../show/text'
import type { SessionCore } from './core'

/** What a session is made of, in a few words each. */
export function sessionFacts(core: SessionCore, inner: TrainingSession): SessionDisplay {
  const { setup } = inner
  const { name, threads, device } = setup.backend
  const { counts, classes } = setup.images.dataset
  const trained = setup.layers.reduce((sum, layer) => sum + layer.parameters, 0)
  const held = counts.val > 0 ? `, ${counts.val} val` : ''
  return {
    v: 1,
    name: core.name,
    facts: [
      {
        label: 'Network',
        value: inner.graph.architecture,
        more: `${count(trained)} weights in ${setup.layers.length} layers`,
      },
      { label: 'Strategy', value: setup.strategy.meta.title },
      { label: 'Train', value: `${counts.train} images`, more: `${classes.length} classes` },
      { label: 'Held out', value: `${counts.test} test${held}` },
      { label: 'Steps', value: String(setup.steps), more: `of ${inner.spec.train.batchSize} images` },
      {
        label: 'Device',
        value: name,
        more: `${device || 'CPU'}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
      },
    ],
  }
}

/** Metrics of a split as a table of one row. */
export function metricsItems(split: string, metrics: Cell.Metrics): OutputItems {
  const { count: images, loss, accuracy, balancedAccuracy, low, high, macroF1, ece } = metrics
  return tableItems({
    v: 1,
    title: `On ${images} ${split} images`,
    columns: [
      { name: 'Balanced accuracy', kind: 'percent' },
      { name: '95 % from', kind: 'percent' },
      { name: 'to', kind: 'percent' },
      { name: 'Accuracy', kind: 'percent' },
      { name: 'Macro F1', kind: 'number', digits: 3 },
      { name: 'Loss', kind: 'number', digits: 3 },
      { name: 'Calibration error', kind: 'number', digits: 3 },
    ],
    rows: [[balancedAccuracy, low, high, accuracy, macroF1, loss, ece]],
  })
}
