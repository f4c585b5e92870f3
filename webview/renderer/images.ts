import { html, nothing } from 'lit'
import type { ImagesDisplay } from '../../src/extension/protocol'
import { count, fixed } from '../format'
import { styled } from '../styled'

type Shown = ImagesDisplay['images'][number]

/** Images with what the network says of them: name, how sure, and whether it is right. */
export const imagesView = ({ title, images, right, known }: ImagesDisplay) =>
  html`<section aria-label=${title}>
    <p class="head-line">
      <b>${title}</b>
      <span class="dim"
        >${count(images.length, 'image')}${known ? `, ${right ?? 0} of ${known} right` : ''}</span
      >
    </p>
    <ul class="gallery">
      ${images.map((one) => html`<li title=${one.path}>${picture(one)}${words(one)}</li>`)}
    </ul>
  </section>`

const picture = ({ picture, path }: Shown) =>
  html`<img src=${picture} alt=${path.split('/').at(-1) ?? path} width="52" height="52" />`

function words({ actual, predicted, probability }: Shown) {
  if (predicted === undefined) return html`<div><b>${actual ?? 'class unknown'}</b></div>`
  const wrong = actual !== undefined && actual !== predicted
  return html`<div>
    <span class=${wrong ? 'ember' : ''}
      >${wrong ? html`<span aria-hidden="true">✕ </span>` : nothing}<b>${predicted}</b>${
        probability === undefined ? nothing : html` <span class="dim">${fixed(probability, 2)}</span>`
      }</span
    >
    ${
      probability === undefined
        ? nothing
        : html`<span class="bar" aria-hidden="true"
            ><i class=${wrong ? 'ember' : 'ice'} ${styled({ width: `${100 * probability}%` })}></i
          ></span>`
    }
    <span class="dim">${actual === undefined ? 'class unknown' : wrong ? `is ${actual}` : 'right'}</span>
  </div>`
}
