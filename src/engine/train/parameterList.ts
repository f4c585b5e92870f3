import { UserError } from '../../spec/types'
import { originShape, toOrigin, writeSafetensors, type TensorToWrite } from '../formats'
import type { OriginLayout, ParameterInfo, Role } from '../network/types'
import { CHECKPOINT_FILES, unpackTensors } from './checkpoint'
import { activate } from './plan'
import type { TrainingSession } from './session'

/** A parameter or buffer of a run, as `thaw show RUN --parameters` and `thaw export --all` name it. */
export interface ListedParameter {
  name: string
  /** As in a file of `train.initialize`. */
  shape: number[]
  layout: OriginLayout
  /** What a checkpoint's own file holds. */
  ownShape: number[]
  layer: string
  role: Role
  buffer: boolean
  pretrained: boolean
  /** The strategy brings it along: its group in the layer table. */
  owned?: string
  /** The optimizer of its own that updates it. */
  group?: string
  /** Names of the phases that train it. */
  phases: string[]
}

/** What the network has now, and which phases change each. */
export function listParameters({
  graph,
  spec,
  setup,
  overrides,
}: Pick<TrainingSession, 'graph' | 'spec' | 'setup' | 'overrides'>): ListedParameter[] {
  const active = setup.phases.map((planned) => activate(graph, spec, planned, overrides))
  const moves = ({ name, buffer, layer, owned }: ParameterInfo, i: number): boolean =>
    buffer && !owned ? active[i]!.mode(layer) === 'train' : active[i]!.movingNames.has(name)
  return [...graph.parameters.values()].map((info) => ({
    name: info.name,
    shape: originShape(info),
    layout: info.origin,
    ownShape: [...info.shape],
    layer: info.layer,
    role: info.role,
    buffer: info.buffer,
    pretrained: info.pretrained,
    ...(info.owned && { owned: info.owned.stage }),
    ...(info.owned?.group !== undefined && { group: info.owned.group }),
    phases: setup.phases.filter((_, i) => moves(info, i)).map(({ phase }) => phase.name),
  }))
}

/** @throws UserError for a checkpoint that an older Thaw has written */
export function readParameterList(files: ReadonlyMap<string, Uint8Array>): ListedParameter[] {
  const bytes = files.get(CHECKPOINT_FILES.parameters)
  if (!bytes)
    throw new UserError(
      'the checkpoint does not say what its parameters are, since an older Thaw wrote it; `thaw resume` or a new run writes one that does',
    )
  return JSON.parse(new TextDecoder().decode(bytes)) as ListedParameter[]
}

/**
 * Everything that a checkpoint holds as one file in the layouts of origin: parameters and buffers of the network, what
 * the strategy brings along, and under `strategy/` the tensors that it keeps (Fisher, attention, masks).
 * @throws UserError for a checkpoint that cannot be read
 */
export async function exportAll(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const list = readParameterList(files)
  const weights = await unpackTensors(files.get(CHECKPOINT_FILES.weights)!, CHECKPOINT_FILES.weights)
  const tensors = new Map<string, TensorToWrite>()
  for (const { name, ownShape, layout } of list)
    tensors.set(name, toOrigin({ shape: ownShape, origin: layout }, weights.get(name)!.data))
  const kept = files.get(CHECKPOINT_FILES.strategy)
  if (kept)
    for (const [name, value] of await unpackTensors(kept, CHECKPOINT_FILES.strategy))
      tensors.set(`strategy/${name}`, value)
  return writeSafetensors(tensors, { format: 'pt' })
}
