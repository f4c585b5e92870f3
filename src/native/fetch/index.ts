import { lacking } from '../errors'
import { fetchWithPip, findPip } from './pip'
import { configuredIndex } from './pipConfig'
import { fetchFromIndex } from './simpleIndex'
import type { Fetch } from './types'

export { findPip, fetchWithPip } from './pip'
export { configuredIndex } from './pipConfig'
export { fetchFromIndex } from './simpleIndex'
export { hashOf } from './download'
export type { Fetch, WheelRequest } from './types'

/**
 * How wheels are fetched on this machine: through pip, else from the index that is named.
 * @throws UserError where there is neither
 */
export function chooseFetch(env: NodeJS.ProcessEnv = process.env): Fetch {
  const pip = findPip(env)
  if (pip) return fetchWithPip(pip, env)
  const index = configuredIndex(env)
  if (index) return fetchFromIndex(index)
  throw lacking(
    'pip was not found, and no package index is named; install pip (Debian and Ubuntu: apt-get install python3-pip, Fedora: dnf install python3-pip), or set PIP_INDEX_URL to the address of an index, or give a wheel with --wheel FILE',
  )
}
