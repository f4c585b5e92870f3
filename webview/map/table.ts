import { html, nothing } from 'lit'
import type { LayerWindow, Mark, PanelRun } from '../../src/extension/protocol'
import { measures, type Choice } from './measures'
import { readCell } from './reading'

/** The map's last column as a table, layer by layer, for screen readers and for who would rather read. */
export function layerTable(
  run: PanelRun,
  window: LayerWindow,
  choice: Choice,
  marks: readonly Mark[],
  column: number,
) {
  const shown = choice === 'declared' ? 'updateRatio' : choice
  const alarms = new Map(marks.flatMap((mark) => (mark.layer === undefined ? [] : [[mark.layer, mark.text]])))
  const step = window.to[column]!
  return html`<div class="rows" tabindex="0" role="region" aria-label="Layers at step ${step}">
    <table>
      <caption>
        Layers at step ${step}, bottom up. Distance: ‖w − w0‖ / ‖w0‖.
      </caption>
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col">Stage</th>
          <th scope="col">Declared</th>
          <th scope="col">Effective</th>
          <th scope="col">${measures[shown].label}</th>
          ${shown === 'distance' ? nothing : html`<th scope="col">Distance from w0</th>`}
          <th scope="col">Alarm</th>
        </tr>
      </thead>
      <tbody>
        ${run.layers.map((layer, index) => {
          const reading = readCell(run, window, choice, layer.name, [index], column)
          return html`<tr>
            <th scope="row">${layer.name}</th>
            <td>${layer.stage}</td>
            <td>${reading.declared.words}</td>
            <td class=${reading.effective.alarm ? 'error' : ''}>${reading.effective.words}</td>
            <td class="number">${reading.measure.value}</td>
            ${shown === 'distance' ? nothing : html`<td class="number">${reading.distance}</td>`}
            <td class="error">${alarms.get(index) ?? ''}</td>
          </tr>`
        })}
      </tbody>
    </table>
  </div>`
}
