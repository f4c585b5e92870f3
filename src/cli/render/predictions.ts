import type { Prediction } from '../../engine/train'
import type { Colours } from '../terminal'
import { renderTable } from './table'

/** The most probable classes of each image, with their probabilities. */
export function predictionTable(
  predictions: readonly Prediction[],
  classes: readonly string[],
  top: number,
  colours?: Colours,
): string {
  return renderTable(
    [
      { head: 'image', cell: (row) => row.path },
      { head: 'prediction', cell: (row) => row.predicted },
      { head: 'probabilities', cell: (row) => ranked(row, classes, top) },
      {
        head: 'folder',
        cell: (row) =>
          row.actual === undefined
            ? ''
            : row.actual === row.predicted
              ? row.actual
              : `${row.actual} (differs)`,
      },
    ],
    predictions,
    colours,
  )
}

function ranked({ probabilities }: Prediction, classes: readonly string[], top: number): string {
  return probabilities
    .map((probability, i) => ({ probability, name: classes[i]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top)
    .map(({ probability, name }) => `${name} ${probability.toFixed(2)}`)
    .join(', ')
}
