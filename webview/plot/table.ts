import { html, nothing } from 'lit'
import { number } from '../format'
import type { CellValue, FigureTable } from './figure'

/** Rows of a table that a page shows; the CSV has all. */
const ROWS = 1000

const shown = (value: CellValue): string =>
  typeof value === 'number'
    ? Number.isInteger(value)
      ? value.toLocaleString('en')
      : number(value)
    : (value ?? '–')

/** The numbers of a picture, for screen readers and for who would rather read; styled by `table.css`. */
export function numbersTable({ columns, rows }: FigureTable, label: string) {
  return html`<div class="scroll rows" tabindex="0" role="region" aria-label="Numbers of ${label}">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, ROWS).map(
          (row) =>
            html`<tr>
              ${row.map((value) => html`<td class=${typeof value === 'number' ? 'number' : ''}>${shown(value)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
    ${
      rows.length > ROWS
        ? html`<p class="small dim">
            The first ${ROWS} of ${rows.length} rows; Export has all of them as CSV.
          </p>`
        : nothing
    }
  </div>`
}
