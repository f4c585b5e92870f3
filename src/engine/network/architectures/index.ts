import { UserError } from '../../../spec/types'
import { suggest } from '../suggest'
import { assignStages } from '../stages'
import type { NetworkGraph } from '../types'
import { efficientNetLite0 } from './efficientnet'
import { mobileNetV2 } from './mobilenet'
import { createResNet } from './resnet'
import { smallCnn } from './small-cnn'
import type { Architecture, ArchitectureOptions } from './types'

const catalog: Record<string, Architecture> = {
  efficientnet_lite0: efficientNetLite0,
  mobilenet_v2: mobileNetV2,
  resnet18: (options) => createResNet('resnet18', [2, 2, 2, 2], 'basic', options),
  resnet34: (options) => createResNet('resnet34', [3, 4, 6, 3], 'basic', options),
  resnet50: (options) => createResNet('resnet50', [3, 4, 6, 3], 'bottleneck', options),
  small_cnn: smallCnn,
}

/** Names that `createGraph` knows. */
export const architectures: readonly string[] = Object.keys(catalog)

/**
 * A network of a known architecture, classifier included, with stages and blocks inferred.
 * @throws UserError for a name that is not known, with the nearest one.
 */
export function createGraph(architecture: string, options: ArchitectureOptions = {}): NetworkGraph {
  const create = Object.hasOwn(catalog, architecture) ? catalog[architecture] : undefined
  if (!create) {
    throw new UserError(`unknown architecture '${architecture}'; ${suggest(architecture, architectures)}`)
  }
  return assignStages(create(options))
}
