import { svg } from 'lit'

/** Diagonal lines, as on the freeze map: frozen, and did not move. Fill with `url(#hatch)`. */
export const hatchPattern = () =>
  svg`<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" x2="0" y1="0" y2="6" stroke="var(--ice-hatch)" stroke-width="2"></line></pattern></defs>`
