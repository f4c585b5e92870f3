import { prepareNode, type NodeBinary } from '../runner/nodeBinary'
import { chosenNode } from './settings'

let asked: { chosen: string | undefined; ready: Promise<NodeBinary> } | undefined

/**
 * The Node that the settings choose, looked for once for each choice. All that starts a process waits for it first.
 * @throws UserError when the chosen one is none
 */
export function readyNode(): Promise<NodeBinary> {
  const chosen = chosenNode()
  if (asked?.chosen !== chosen || !asked) {
    const mine = { chosen, ready: prepareNode(chosen) }
    asked = mine
    // it may be there at the next try
    mine.ready.catch(() => (asked = asked === mine ? undefined : asked))
  }
  return asked.ready
}
