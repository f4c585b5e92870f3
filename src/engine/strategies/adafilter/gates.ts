import type { LayerNode, LayerOp, ParameterInfo, Role } from '../../network/types'
import type { RandomStream } from '../../random'
import type { Options } from './meta'
import type { Site } from './sites'

const CELL = 'gates.cell'

/** Layer that decides for the filters of a convolution. */
export const gatesOf = (conv: string): string => `gates.${conv}`
/** Recurrent state after a convolution's gates. */
export const cellOf = (conv: string): string => `${gatesOf(conv)}.cell`

const cellNames: Partial<Record<Role, string>> = {
  kernel: `${CELL}.weight_ih`,
  recurrentKernel: `${CELL}.weight_hh`,
  bias: `${CELL}.bias_ih`,
  recurrentBias: `${CELL}.bias_hh`,
}

/**
 * Layers that decide for one convolution (strategies.md 7.2): z = ReLU(P GAP(x)), one step of the shared cell,
 * p = sigmoid(U h + b), gate 1 where p > 0.5.
 * @param input layer whose output the convolution reads
 * @param before the convolution below that was decided for last
 */
export function gateLayers(
  site: Site,
  input: string,
  before: string | undefined,
  options: Options,
): LayerNode[] {
  const at = gatesOf(site.conv)
  const layer = (
    name: string,
    op: LayerOp,
    inputs: string[],
    parameters: LayerNode['parameters'] = {},
  ): LayerNode => ({ name, op, inputs, parameters, stage: 'gates', block: '' })
  const { cell, width, hidden } = options
  const state = cellOf(site.conv)
  const read = cell === 'lstm' ? `${at}.hidden` : state
  return [
    layer(`${at}.pool`, { kind: 'globalAveragePool' }, [input]),
    layer(`${at}.in`, { kind: 'dense', units: width, bias: false }, [`${at}.pool`], {
      kernel: `${at}.in.weight`,
    }),
    layer(`${at}.relu`, { kind: 'activation', activation: 'relu' }, [`${at}.in`]),
    layer(
      state,
      { kind: 'recurrentCell', cell, units: hidden },
      [`${at}.relu`, ...(before === undefined ? [] : [cellOf(before)])],
      cellNames,
    ),
    ...(cell === 'lstm' ? [layer(read, { kind: 'hidden', units: hidden }, [state])] : []),
    layer(`${at}.out`, { kind: 'dense', units: site.filters, bias: true }, [read], {
      kernel: `${at}.out.weight`,
      bias: `${at}.out.bias`,
    }),
    layer(at, { kind: 'decide', form: 'sign' }, [`${at}.out`]),
  ]
}

/** The gate network's parameters: one cell, and a map in and out for each convolution. */
export function gateParameters(sites: readonly Site[], { cell, width, hidden }: Options): ParameterInfo[] {
  const info = (layer: string, name: string, role: Role, shape: number[]): ParameterInfo => ({
    name,
    layer,
    role,
    buffer: false,
    shape,
    origin: shape.length === 2 ? '[out,in]' : 'as-is',
    pretrained: false,
    owned: { stage: 'gates', kind: layer === CELL ? cell : 'gates', group: 'gates' },
  })
  const wide = hidden * (cell === 'lstm' ? 4 : 3)
  return [
    info(CELL, cellNames.kernel!, 'kernel', [width, wide]),
    info(CELL, cellNames.recurrentKernel!, 'recurrentKernel', [hidden, wide]),
    info(CELL, cellNames.bias!, 'bias', [wide]),
    info(CELL, cellNames.recurrentBias!, 'recurrentBias', [wide]),
    ...sites.flatMap(({ conv, channels, filters }) => {
      const at = gatesOf(conv)
      return [
        info(at, `${at}.in.weight`, 'kernel', [channels, width]),
        info(at, `${at}.out.weight`, 'kernel', [hidden, filters]),
        info(at, `${at}.out.bias`, 'bias', [filters]),
      ]
    }),
  ]
}

/**
 * As PyTorch starts dense layers and cells: uniform within 1 / sqrt(in), and 1 / sqrt(hidden) for the cell. The gates'
 * bias starts as the option says; at 0 for a gate network that stays random, so that its gates differ.
 */
export function initialGates(
  parameters: readonly ParameterInfo[],
  { bias, hidden, gates }: Options,
  random: (name: string) => RandomStream,
): Map<string, Float32Array> {
  return new Map(
    parameters.map(({ name, layer, role, shape }) => {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
      if (role === 'bias' && layer !== CELL) return [name, values.fill(gates === 'random' ? 0 : bias)]
      const bound = 1 / Math.sqrt(layer === CELL ? hidden : shape[0]!)
      const stream = random(name)
      return [name, values.map(() => stream.range(-bound, bound))]
    }),
  )
}
