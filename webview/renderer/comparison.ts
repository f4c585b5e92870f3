import { html, svg } from 'lit'
import type { ComparisonDisplay, CurvesDisplay } from '../../src/extension/protocol'
import type { Theme } from '../colour'
import { fixed, number } from '../format'
import { styled } from '../styled'
import './curves'
import './freezeMap'
import { valueText } from './values'

/** Two sessions side by side: what moved, who is right on the same images, and the numbers. */
export function comparisonView(data: ComparisonDisplay, width: number, theme: Theme) {
  const { a, b, from, until, rows } = data
  const gap = 40
  const half = width >= 760 ? Math.floor((width - gap) / 2) : width
  const range = { from: 0, to: Math.max(until, a.map.steps.at(-1) ?? 0, b.map.steps.at(-1) ?? 0) }
  const side = (one: ComparisonDisplay['a'], run: 'a' | 'b') =>
    html`<div ${styled({ width: `${half}px` })}>
      <p class="head-line">
        <i class="run run-${run}" aria-hidden="true"></i><b class="mono">${one.name}</b>
        <span class="dim">${one.what}</span>
      </p>
      <thaw-small-map
        .data=${one.map}
        .width=${half}
        .range=${range}
        .legend=${run === 'b'}
        .titled=${false}
        theme=${theme}
      ></thaw-small-map>
    </div>`
  return html`<section aria-label="${a.name} and ${b.name}, side by side">
    <div class="beside" ${styled({ gap: `16px ${gap}px` })}>
      ${side(a, 'a')} ${side(b, 'b')}
      <div ${styled({ width: `${half}px` })}>
        ${data.difference ? difference(data, data.difference, half) : noDifference()}
        <thaw-lines .data=${losses(data)} .width=${half} .runs=${true} theme=${theme}></thaw-lines>
      </div>
      <div ${styled({ width: `${half}px` })}>
        <table class="wide">
          <thead>
            <tr>
              <th scope="col">${from > 0 ? `Steps ${from} to ${until}` : `After ${until} steps`}</th>
              <th scope="col" class="number">${a.name}</th>
              <th scope="col" class="number">${b.name}</th>
              <th scope="col" class="number">difference</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) =>
                html`<tr>
                  <th scope="row">${row.name}</th>
                  <td class="number">${valueText(row.a, row.kind, row.digits)}</td>
                  <td class="number">${valueText(row.b, row.kind, row.digits)}</td>
                  <td class="number">
                    ${row.a === null || row.b === null || row.a === row.b ? '' : signed(row.b - row.a, row)}
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </div>
  </section>`
}

const signed = (value: number, { kind, digits }: ComparisonDisplay['rows'][number]): string =>
  `${value > 0 ? '+' : '−'}${valueText(Math.abs(value), kind, digits)}`

const noDifference = () =>
  html`<p class="small dim">
    The two have no held-out images in common, so their accuracies are not compared.
  </p>`

/** The difference with its interval on one axis, and zero in it. */
function difference(
  { a, b }: ComparisonDisplay,
  one: NonNullable<ComparisonDisplay['difference']>,
  width: number,
) {
  const { value, low, high, separated, split, count, onlyA, onlyB, p } = one
  const [left, right] = [24, 24]
  const most = Math.max(Math.abs(low), Math.abs(high), 0.02) * 1.25
  const unit = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((size) => most / size <= 3) ?? 0.5
  const end = Math.ceil(most / unit) * unit
  const x = (at: number) => left + ((at + end) / (2 * end)) * (width - left - right)
  const marks = Array.from({ length: Math.round((2 * end) / unit) + 1 }, (_, i) => i * unit - end)
  const sign = (at: number) => `${at > 0 ? '+' : ''}${fixed(at)}`
  const verdict = separated ? (value > 0 ? `${b.name} is higher` : `${a.name} is higher`) : 'not separated'
  const said = `${sign(value)} [${fixed(low)}, ${sign(high)}], ${verdict}`
  return html`<p class="small dim">
      ${b.name} minus ${a.name}, balanced accuracy on the same ${count} ${split} images, 95 % interval
    </p>
    <svg width=${width} height="84" role="img" aria-label="${b.name} minus ${a.name}: ${said}">
      ${marks.map(
        (at) =>
          svg`<line class=${Math.abs(at) < 1e-9 ? 'zero' : 'rule'} x1=${x(at)} x2=${x(at)} y1="2" y2="62"></line>
          <text text-anchor="middle" x=${x(at)} y="78">${Math.abs(at) < 1e-9 ? '0' : `${at > 0 ? '+' : ''}${fixed(at, 2)}`}</text>`,
      )}
      <line class="interval" x1=${x(low)} x2=${x(high)} y1="16" y2="16"></line>
      <circle class="interval dot" cx=${x(value)} cy="16" r="4"></circle>
      <text class="strong halo" text-anchor="middle" x=${width / 2} y="38">${said}</text>
      <text class="halo" text-anchor="middle" x=${width / 2} y="54">
        ${onlyA} only ${a.name} gets right, ${onlyB} only ${b.name}; McNemar p
        ${p < 0.001 ? '< 0.001' : number(p)}
      </text>
    </svg>`
}

function losses({ a, b, from }: ComparisonDisplay): CurvesDisplay {
  const lines = [a, b].map(({ name, loss }) => ({ name, ...loss }))
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null)
  const scale =
    values.length > 0 && values.every((value) => value > 0) ? ('log' as const) : ('linear' as const)
  return {
    ...{ v: 1, title: 'Loss' },
    marks: from > 0 ? [{ step: from, text: `${b.name} begins` }] : [],
    panels: [{ title: 'Loss', more: 'training', scale, lines }],
  }
}
