import { svg, html, type TemplateResult } from 'lit'

const paths = {
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  play: 'M4 2.5v11l9-5.5z',
  stop: 'M3.5 3.5h9v9h-9z',
  warn: 'M8 1.8 15 14H1zM7.3 6v4h1.4V6zm0 5v1.5h1.4V11z',
  save: 'M7.4 2h1.2v6.3l2.3-2.3.8.8L8 10.5 4.3 6.8l.8-.8 2.3 2.3zM2.5 11h1.2v2h8.6v-2h1.2v3.2h-11z',
  step: 'M3.5 2.5v11l7-5.5zM11 3h2v10h-2z',
  close: 'M3.2 2.4 8 7.2l4.8-4.8.8.8L8.8 8l4.8 4.8-.8.8L8 8.8l-4.8 4.8-.8-.8L7.2 8 2.4 3.2z',
  table:
    'M2 3h12v10H2zm1.2 1.2v2h9.6v-2zm0 3.2V9h4.2V7.4zm5.4 0V9h4.2V7.4zm-5.4 2.8v1.6h4.2v-1.6zm5.4 0v1.6h4.2v-1.6z',
  down: 'M3 5.5 8 11l5-5.5-.9-.9L8 9.2 3.9 4.6z',
  right: 'M5.5 3 11 8l-5.5 5-.9-.9L9.2 8 4.6 3.9z',
} as const

/** `slot` places it inside a control of the toolkit. */
export const icon = (name: keyof typeof paths, slot = ''): TemplateResult =>
  html`<svg class="icon" slot=${slot} viewBox="0 0 16 16" aria-hidden="true">
    ${svg`<path d=${paths[name]} fill-rule="evenodd"></path>`}
  </svg>`
