import { html, nothing } from 'lit'
import type { LayersDisplay } from '../../src/extension/protocol'
import { count, number } from '../format'
import { weights } from './values'

type Stage = LayersDisplay['stages'][number]
type LayerRow = Stage['blocks'][number]['layers'][number]

/** The network as a tree: stages fold their layers; each says what trains and how far it moved. */
export const layersView = ({ title, stages }: LayersDisplay) =>
  html`<section class="layers" aria-label=${title}>
    <p class="head-line">
      <b>${title}</b>
      <span class="dim">${weights(stages.reduce((sum, stage) => sum + stage.parameters, 0))} weights</span>
    </p>
    ${stages.map((stage) => stageView(stage))}
  </section>`

function stageView(stage: Stage) {
  const layers = stage.blocks.flatMap((block) => block.layers)
  const training = layers.filter((layer) => layer.training).length
  const state = training === 0 ? 'frozen' : training === layers.length ? 'training' : `${training} training`
  const distances = layers.map(({ distance }) => distance).filter((one) => one !== null)
  return html`<details>
    <summary>
      <span class="mark ${training > 0 ? 'ember' : 'ice'}" aria-hidden="true"></span>
      <b>${stage.name}</b>
      <span class="dim">${count(layers.length, 'layer')}, ${weights(stage.parameters)}</span>
      <span class=${training > 0 ? 'ember' : 'ice'}>${state}</span>
      ${distances.length > 0 ? html`<span class="dim">${moved(Math.max(...distances))}</span>` : nothing}
    </summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Layers of ${stage.name}">
      <table>
        <thead>
          <tr>
            ${['Layer', 'Kind', 'Weights', 'Declared', 'Batch norm', 'Moved', 'Distance from w0'].map(
              (head, i) => html`<th scope="col" class=${i === 2 || i > 4 ? 'number' : ''}>${head}</th>`,
            )}
          </tr>
        </thead>
        ${stage.blocks.map(
          (block) =>
            html`<tbody>
              ${
                block.name === '' || stage.blocks.length === 1
                  ? nothing
                  : html`<tr>
                      <th scope="rowgroup" colspan="7" class="dim">
                        ${block.name}, ${weights(block.parameters)}
                      </th>
                    </tr>`
              }
              ${block.layers.map(layerView)}
            </tbody>`,
        )}
      </table>
    </div>
  </details>`
}

const moved = (distance: number): string =>
  distance > 0 ? `moved by up to ${number(distance)}` : 'did not move'

function layerView({ name, kind, parameters, training, batchNorm, moved, distance }: LayerRow) {
  const alarm = !training && moved !== null && moved > 0
  return html`<tr>
    <th scope="row" class="mono">${name}</th>
    <td>${kind}</td>
    <td class="number">${weights(parameters)}</td>
    <td class=${training ? 'ember' : 'ice'}>${training ? 'training' : 'frozen'}</td>
    <td>${batchNorm ?? ''}</td>
    <td class="number ${alarm ? 'error' : ''}">
      ${alarm ? '▲ ' : ''}${moved === null ? '–' : number(moved)}
    </td>
    <td class="number">${distance === null ? '–' : number(distance)}</td>
  </tr>`
}
