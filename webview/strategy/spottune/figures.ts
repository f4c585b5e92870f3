import type { Figure } from '../../plot/figure'
import type { SpotTunePicture } from '../../../src/events/pictures/spottune'
import { count, fixed } from '../../format'
import { ablationFigure, classFigure, sampleFigure } from '../routing/figures'
import type { PictureView, ViewContext } from '../types'
import { trainingFigure } from './training'

const words = { one: 'block', many: 'blocks' }

function figures(data: SpotTunePicture, context: ViewContext): Figure[] {
  const { blocks, routed, routes, fixed: same, training, ablations } = data
  const { agreement, entropy } = training
  const notes = [
    ...(routes === undefined ? [] : [`${count(routes, 'distinct route')} among the images.`]),
    ...(same ? ['Every image takes the same route: `k` is set, or no policy decides.'] : []),
  ]
  const sure = [
    ...(agreement === undefined
      ? []
      : [`drawn gates agree with the likelier side in ${fixed(agreement, 2)} of the draws`]),
    ...(entropy === undefined ? [] : [`mean entropy of a gate ${fixed(entropy, 2)} bits`]),
  ]
  return [
    ...(routed
      ? [
          classFigure(routed, blocks, words, context),
          ...(routed.samples.length > 0 ? [sampleFigure(routed, blocks, words, context, notes)] : []),
        ]
      : []),
    trainingFigure(blocks, training.percent, words, context, sure),
    ...(ablations && ablations.length > 0 ? [ablationFigure(ablations, context)] : []),
  ]
}

export const views: PictureView[] = [
  {
    picture: 'routing',
    images: ({ routed }: SpotTunePicture) =>
      routed && { split: routed.split, paths: routed.samples.map(({ path }) => path) },
    figures,
  },
]
