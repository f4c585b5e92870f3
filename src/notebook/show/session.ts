import { DISPLAY_MIME, type SessionDisplay } from '../displays'
import type { OutputItems } from '../protocol'
import { aligned } from './text'

export function sessionItems(display: SessionDisplay): OutputItems {
  const rows = display.facts.map(({ label, value, more }) => [label, more ? `${value} ${more}` : value])
  return { [DISPLAY_MIME.session]: display, 'text/plain': `${display.name}\n${aligned(rows)}` }
}
