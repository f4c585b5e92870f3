import { html, nothing } from 'lit'
import type { TableDisplay } from '../../src/extension/protocol'
import { count } from '../format'
import { valueText } from './values'

export const tableView = ({ title, columns, rows, more }: TableDisplay) =>
  html`<div>
    <div class="scroll" tabindex="0" role="region" aria-label=${title ?? 'Table'}>
      <table>
        ${
          title
            ? html`<caption>
                <b>${title}</b>
              </caption>`
            : nothing
        }
        <thead>
          <tr>
            ${columns.map(
              ({ name, kind }) => html`<th scope="col" class=${kind === 'text' ? '' : 'number'}>${name}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${columns.map(
                  ({ kind, digits }, i) =>
                    html`<td class=${kind === 'text' ? '' : 'number'}>
                      ${valueText(row[i], kind, digits)}
                    </td>`,
                )}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${more ? html`<p class="small dim">and ${count(more, 'more row')}</p>` : nothing}
  </div>`
