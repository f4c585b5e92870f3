import { html, nothing } from 'lit'

export interface Fact {
  label: string
  value: string
  more?: string
}

/** Short facts in a row: label above, value, what belongs to it. */
export const facts = (list: readonly Fact[]) =>
  html`<dl class="facts">
    ${list.map(
      ({ label, value, more }) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}${more ? html` <small>${more}</small>` : nothing}</dd>
        </div>`,
    )}
  </dl>`
