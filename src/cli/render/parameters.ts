import type { ListedParameter } from '../../engine/train'
import type { Colours } from '../terminal'
import { renderTable } from './table'

/** A row for each parameter and buffer, in the order of the network; a strategy's own come last. */
export function parametersText(parameters: readonly ListedParameter[], colours: Colours): string {
  const everywhere = new Set(parameters.flatMap(({ phases }) => phases)).size
  const trained = ({ phases }: ListedParameter): string =>
    phases.length === 0 ? 'never' : phases.length === everywhere ? 'always' : phases.join(', ')
  return renderTable(
    [
      { head: 'name', cell: ({ name }) => name },
      { head: 'shape', cell: ({ shape }) => `[${shape.join(', ')}]` },
      { head: 'layout', cell: ({ layout }) => (layout === 'as-is' ? '' : layout) },
      { head: 'kind', cell: ({ role, buffer }) => (buffer ? `${role} (buffer)` : role) },
      { head: 'changes in', cell: trained },
      {
        head: 'of the strategy',
        cell: ({ owned, group }) =>
          owned === undefined ? '' : group === undefined ? owned : `${owned}, optimizer ${group}`,
      },
    ],
    parameters,
    colours,
  )
}
